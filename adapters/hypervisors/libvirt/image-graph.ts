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
  const reader = new ImageReader()
  const holders = new Map<string, Holder[]>()
  const [list = ''] = await host.session.run([['list', '--all', '--uuid']], request)
  for (const uuid of list.split('\n').filter((line) => line !== '')) {
    for (const [image, holder] of await heldBy(host, uuid, request)) {
      const name = await reader.readChain(image)
      holders.set(name, [...(holders.get(name) ?? []), holder])
    }
  }
  for (const folder of new Set([...near].map(dirname))) {
    if (folder.startsWith('/dev')) continue
    for (const entry of await entriesOf(folder)) {
      if (entry.isFile()) await reader.readChain(join(folder, entry.name))
    }
  }
  return { images: reader.images, names: reader.names, holders }
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

/** One domain's images. Domains and snapshots of others come and go meanwhile: what is gone holds nothing. */
async function heldBy(
  host: LibvirtHost,
  uuid: string,
  request: Request,
): Promise<readonly (readonly [string, Holder])[]> {
  try {
    const xmls = await host.session.run(
      [
        ['dumpxml', uuid],
        ['dumpxml', uuid, '--inactive'],
      ],
      request,
    )
    const active = xmls.flatMap((xml) => readDomain(xml).disks.flatMap(({ image }) => image ?? []))
    const snapshots = await readSnapshots(host, uuid, request)
    const frozen = snapshots.flatMap(({ name, disks }) =>
      disks.flatMap((disk) => (disk.frozen === undefined ? [] : [[disk.frozen, { uuid, snapshot: name }] as const])),
    )
    return [...active.map((image) => [image, { uuid }] as const), ...frozen]
  } catch (error) {
    if (error instanceof StillshotError && error.code === 'vm-not-found') return []
    if (error instanceof StillshotError && error.code === 'snapshot-not-found') return heldBy(host, uuid, request)
    throw error
  }
}
