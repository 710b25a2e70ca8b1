import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { StillshotError } from '../../../src/errors.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { readDomain } from './domain-xml.ts'
import type { LibvirtHost } from './host.ts'
import type { ImageHeader } from './image-header.ts'
import { ImageReader } from './image-reader.ts'
import type { Request } from './virsh-session.ts'
import { readSnapshots } from './vm-state.ts'

/**
 * Which image stands on which, read from the images themselves: after a roll back by hand libvirt's own idea of it is
 * not enough, and other people's domains may stand on the same image.
 */
export interface ImageGraph {
  /** Headers of all images that could be read, by path. */
  readonly images: ReadonlyMap<string, ImageHeader>
  /** Images that a domain starts from or a snapshot holds, with who does. */
  readonly holders: ReadonlyMap<string, readonly Holder[]>
  /** Every path that was met -> the one that stands for that file here: links give a file several. */
  readonly names: ReadonlyMap<string, string>
  /** Images whose format nobody has on record: what their headers say may come from a guest. Never to be written. */
  readonly guessed: ReadonlySet<string>
}

export interface Holder {
  /** UUID of the domain. */
  readonly uuid: string
  /** Undefined when the domain itself starts from the image. */
  readonly snapshot?: string
}

/** The overlays that stand directly on the image. */
export function overlaysOf(graph: ImageGraph, image: string): readonly string[] {
  const name = nameOf(graph, image)
  return [...graph.images].filter(([, header]) => nameOf(graph, header.backing) === name).map(([path]) => path)
}

/** Whether one of the paths leads to the image. */
export function isAmong(graph: ImageGraph, paths: readonly string[], image: string): boolean {
  return paths.some((path) => nameOf(graph, path) === nameOf(graph, image))
}

/** The image and everything it stands on, as far as it can be read. */
export function chainOf(graph: ImageGraph, image: string): readonly string[] {
  const chain: string[] = []
  let at: string | undefined = image
  while (at !== undefined && !chain.includes(at)) {
    chain.push(at)
    at = nameOf(graph, headerOf(graph, at)?.backing)
  }
  return chain
}

export function formatIn(graph: ImageGraph): (image: string) => string {
  return (image) => headerOf(graph, image)?.format ?? 'raw'
}

/** Whether anybody needs the image: held itself, or under an overlay. */
export function isNeeded(graph: ImageGraph, image: string): boolean {
  return holdersOf(graph, image).length > 0 || overlaysOf(graph, image).length > 0
}

/** Overlays that only their own headers call so. */
export function guessedOverlaysOf(graph: ImageGraph, image: string): readonly string[] {
  return overlaysOf(graph, image).filter((overlay) => graph.guessed.has(overlay))
}

/** Undefined for a file that is not there. */
export function headerOf(graph: ImageGraph, image: string): ImageHeader | undefined {
  return graph.images.get(nameOf(graph, image))
}

export function holdersOf(graph: ImageGraph, image: string): readonly Holder[] {
  return graph.holders.get(nameOf(graph, image)) ?? []
}

function nameOf<Path extends string | undefined>(graph: ImageGraph, path: Path): Path {
  return ((path === undefined ? undefined : graph.names.get(path)) ?? path) as Path
}

/**
 * Reads the chains of all domains and snapshots, and the headers of every file in the folders of `near`, so that
 * overlays which libvirt does not know are seen, too. Rejects when a file may not be read: what cannot be seen could
 * stand on anything.
 */
export async function readImageGraph(
  host: LibvirtHost,
  near: Iterable<string>,
  options: CallOptions = {},
): Promise<ImageGraph> {
  const request = { ...options, doing: 'look which images are used' }
  const [list = ''] = await host.session.run([['list', '--all', '--uuid']], request)
  const held: Held[] = []
  for (const uuid of list.split('\n').filter((line) => line !== '')) held.push(...(await heldBy(host, uuid, request)))
  const reader = new ImageReader()
  for (const { image, format } of held) await reader.record(image, format)
  const holders = new Map<string, Holder[]>()
  for (const { image, holder } of held) {
    const name = await reader.readChain(image)
    holders.set(name, [...(holders.get(name) ?? []), holder])
  }
  await reader.readRest(await filesBeside(near))
  return { images: reader.images, names: reader.names, guessed: reader.guessed, holders }
}

interface Held {
  readonly image: string
  /** As libvirt has it. */
  readonly format: string
  readonly holder: Holder
}

async function filesBeside(images: Iterable<string>): Promise<readonly string[]> {
  const files: string[] = []
  for (const folder of new Set([...images].map(dirname))) {
    if (folder.startsWith('/dev')) continue
    for (const entry of await entriesOf(folder)) if (entry.isFile()) files.push(join(folder, entry.name))
  }
  return files
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    throw new StillshotError('hypervisor-refused', `cannot look into the folder of images ${folder}: ${message}`, {
      cause: error,
      hint: 'run stillshot as a user who may read it, such as root',
    })
  }
}

/**
 * One domain's images. Domains of others come and go meanwhile: what is gone holds nothing. A snapshot that cannot be
 * named is left out: what it froze is found by the headers of the domain's own images, and this VM's are refused
 * before (vm-state.ts).
 */
async function heldBy(host: LibvirtHost, uuid: string, request: Request): Promise<readonly Held[]> {
  try {
    const xmls = await host.session.run(
      [
        ['dumpxml', uuid],
        ['dumpxml', uuid, '--inactive'],
      ],
      request,
    )
    const { snapshots } = await readSnapshots(host, uuid, request)
    const active = xmls.flatMap((xml) =>
      readDomain(xml).disks.flatMap(({ image, format }) =>
        image === undefined ? [] : [{ image, format, holder: { uuid } }],
      ),
    )
    const frozen = snapshots.flatMap(({ name, disks }) =>
      disks.flatMap(({ frozen: image, format }) =>
        image === undefined ? [] : [{ image, format, holder: { uuid, snapshot: name } }],
      ),
    )
    return [...active, ...frozen]
  } catch (error) {
    if (error instanceof StillshotError && error.code === 'vm-not-found') return []
    throw error
  }
}
