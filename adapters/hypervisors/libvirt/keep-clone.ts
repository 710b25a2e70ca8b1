import { StillshotError } from '../../../src/errors.ts'
import type { KeptCopy } from '../../../src/hypervisor/clones.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { runWithXml } from './change-xml.ts'
import { type CloneMark, withMark } from './clone-mark.ts'
import { cloneEnding, destroyClone } from './destroy-clone.ts'
import { type FoundClone, findClone, findMarked, lookAt } from './find-clone.ts'
import type { LibvirtHost } from './host.ts'
import { power } from './power.ts'

/** Renamed first and marked last: until then it counts as half made, and its mark says what it may be called. */
export async function keepClone(
  host: LibvirtHost,
  vm: Vm,
  { name, as }: { readonly name: string; readonly as: string },
  options: CallOptions,
): Promise<void> {
  const request = { ...options, doing: `keep ${name}, a copy of ${vm.name}, as ${as}`, change: true }
  const found = await findClone(host, name, options)
  if (found?.mark?.source !== vm.nativeId) {
    throw new StillshotError('hypervisor-refused', `${request.doing}: there is no such copy`)
  }
  if (found.mark.kept !== undefined) return
  if (found.name !== as) await host.session.run([['domrename', found.uuid, as]], request)
  const renamed = await lookAt(host, found.uuid, options)
  if (renamed?.mark?.id !== name)
    throw new StillshotError('hypervisor-refused', `${request.doing}: it has gone meanwhile`)
  const { source, snapshot } = renamed.mark
  const xml = withMark(renamed.xml, { source, snapshot, id: name, kept: found.uuid })
  await runWithXml(host, xml, (path) => [['define', path]], request)
}

type Kept = FoundClone & { readonly mark: CloneMark & { readonly kept: string } }

function isKept(found: FoundClone): found is Kept {
  return found.mark?.kept !== undefined
}

export async function listKept(host: LibvirtHost, options: CallOptions): Promise<readonly KeptCopy[]> {
  const copies: KeptCopy[] = []
  for (const found of (await findMarked(host, isKept, options)).filter(isKept)) {
    const { uuid, name, mark } = found
    const { id, source, snapshot: snapshotName } = mark
    const state = await powerUnlessGone(host, { nativeId: uuid, name }, options)
    if (state !== undefined) copies.push({ id, nativeId: uuid, name, source, snapshotName, power: state })
  }
  return copies
}

async function powerUnlessGone(host: LibvirtHost, vm: Pick<Vm, 'nativeId' | 'name'>, options: CallOptions) {
  try {
    return await power(host, vm, options)
  } catch (error) {
    if (error instanceof StillshotError && error.code === 'vm-not-found') return undefined
    throw error
  }
}

export async function removeKept(
  host: LibvirtHost,
  { nativeId, id, name }: KeptCopy,
  options: CallOptions,
): Promise<void> {
  const found = await lookAt(host, nativeId, options)
  if (found === undefined) return
  if (!isKept(found) || found.mark.id !== id) {
    throw new StillshotError('hypervisor-refused', `${found.name} does not say that it is the copy ${name}`)
  }
  const request = { ...options, doing: `look for snapshots of ${found.name}` }
  const [own = ''] = await host.session.run([['snapshot-list', nativeId, '--name']], request)
  if (own.trim() !== '') {
    // Their files would be left, and nothing would say whose they are.
    throw new StillshotError('hypervisor-refused', `the copy ${found.name} has snapshots of its own`, {
      hint: 'remove those first, if they can go',
    })
  }
  await destroyClone(host, found, cloneEnding(id), options)
}
