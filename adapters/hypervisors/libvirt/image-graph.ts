import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { StillshotError } from '../../../src/errors.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { readDomain } from './domain-xml.ts'
import type { LibvirtHost } from './host.ts'
import { type ImageHeader, readImageHeader } from './image-header.ts'
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
}

export interface Holder {
  /** UUID of the domain. */
  readonly uuid: string
  /** Undefined when the domain itself starts from the image. */
  readonly snapshot?: string
}

/** The overlays that stand directly on the image. */
export function overlaysOf(graph: ImageGraph, image: string): readonly string[] {
  return [...graph.images].filter(([, header]) => header.backing === image).map(([path]) => path)
}

/** The image and everything it stands on, as far as it can be read. */
export function chainOf(graph: ImageGraph, image: string): readonly string[] {
  const chain: string[] = []
  let at: string | undefined = image
  while (at !== undefined && !chain.includes(at)) {
    chain.push(at)
    at = graph.images.get(at)?.backing
  }
  return chain
}

export function formatIn(graph: ImageGraph): (image: string) => string {
  return (image) => graph.images.get(image)?.format ?? 'raw'
}

/** Whether anybody needs the image: held itself, or under an overlay. */
export function isNeeded(graph: ImageGraph, image: string): boolean {
  return graph.holders.has(image) || overlaysOf(graph, image).length > 0
}

/**
 * Reads the chains of all domains and snapshots, and the headers of every file in the folders of `near`, so that
 * overlays which libvirt does not know are seen, too.
 */
export async function readImageGraph(
  host: LibvirtHost,
  near: Iterable<string>,
  options: CallOptions = {},
): Promise<ImageGraph> {
  const holders = await readHolders(host, options)
  const images = new Map<string, ImageHeader>()
  for (const image of holders.keys()) await readChain(image, images)
  for (const folder of new Set([...near].map(dirname))) {
    if (folder.startsWith('/dev')) continue
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      if (entry.isFile()) await readChain(join(folder, entry.name), images)
    }
  }
  return { images, holders }
}

async function readHolders(host: LibvirtHost, options: CallOptions): Promise<Map<string, Holder[]>> {
  const request = { ...options, doing: 'look which images are used' }
  const holders = new Map<string, Holder[]>()
  const [list = ''] = await host.session.run([['list', '--all', '--uuid']], request)
  for (const uuid of list.split('\n').filter((line) => line !== '')) {
    for (const [image, holder] of await heldBy(host, uuid, request)) {
      holders.set(image, [...(holders.get(image) ?? []), holder])
    }
  }
  return holders
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

async function readChain(image: string, images: Map<string, ImageHeader>): Promise<void> {
  let at: string | undefined = image
  while (at !== undefined && !images.has(at)) {
    const header: ImageHeader | undefined = await readImageHeader(at).catch(() => undefined)
    if (header === undefined) return
    images.set(at, header)
    at = header.backing
  }
}
