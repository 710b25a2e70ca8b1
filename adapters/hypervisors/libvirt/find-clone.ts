import { StillshotError } from '../../../src/errors.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { type CloneMark, cloneUuid, readCloneMark } from './clone-mark.ts'
import { readDomain } from './domain-xml.ts'
import { listDomains } from './find-vm.ts'
import type { LibvirtHost } from './host.ts'

/** A domain that is a copy of ours, or has the name of one. */
export interface FoundClone {
  readonly uuid: string
  readonly name: string
  /** Undefined for what is no copy of ours. */
  readonly mark: CloneMark | undefined
  readonly images: readonly string[]
  /** Its definition. */
  readonly xml: string
}

/** The copy that was made under this name, whatever it is called by now; else whatever has that name. */
export async function findClone(host: LibvirtHost, id: string, options: CallOptions): Promise<FoundClone | undefined> {
  const domains = await listDomains(host, options)
  const found = domains.find(({ uuid }) => uuid === cloneUuid(id)) ?? domains.find(({ name }) => name === id)
  return found && lookAt(host, found.uuid, options)
}

/** Of all domains, the ones that this says. */
export async function findMarked(
  host: LibvirtHost,
  isMeant: (found: FoundClone) => boolean,
  options: CallOptions,
): Promise<readonly FoundClone[]> {
  const found: FoundClone[] = []
  for (const { uuid } of await listDomains(host, options)) {
    const looked = await lookAt(host, uuid, options)
    if (looked !== undefined && isMeant(looked)) found.push(looked)
  }
  return found
}

/** Undefined for one that is gone. */
export async function lookAt(host: LibvirtHost, uuid: string, options: CallOptions): Promise<FoundClone | undefined> {
  try {
    const request = { ...options, doing: `look at VM ${uuid}` }
    const [xml = ''] = await host.session.run([['dumpxml', uuid, '--inactive']], request)
    const { name, disks } = readDomain(xml)
    return { uuid, name, mark: readCloneMark(xml), images: disks.flatMap(({ image }) => image ?? []), xml }
  } catch (error) {
    if (error instanceof StillshotError && error.code === 'vm-not-found') return undefined
    throw error
  }
}
