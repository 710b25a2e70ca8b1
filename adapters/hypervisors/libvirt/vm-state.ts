import { StillshotError } from '../../../src/errors.ts'
import type { PowerState, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { type Domain, readDomain } from './domain-xml.ts'
import type { LibvirtHost } from './host.ts'
import { type DomainSnapshot, readSnapshot } from './snapshot-xml.ts'

/** A VM and all its snapshots, as libvirt has them at one moment. */
export interface VmState {
  readonly power: PowerState
  /** As it runs; the definition when it is off. */
  readonly live: Domain
  /** As it will start. */
  readonly definition: Domain
  readonly snapshots: readonly StoredSnapshot[]
}

export interface StoredSnapshot extends DomainSnapshot {
  /** Its whole XML, secrets included: never to be logged. */
  readonly xml: string
}

export async function readVmState(host: LibvirtHost, vm: Vm, options: CallOptions = {}): Promise<VmState> {
  const doing = `look at ${vm.name}`
  const [state = '', live = '', definition = ''] = await host.session.run(
    [
      ['domstate', vm.nativeId],
      ['dumpxml', vm.nativeId],
      ['dumpxml', vm.nativeId, '--inactive'],
    ],
    { ...options, doing },
  )
  return {
    power: powerOf(state),
    live: readDomain(live),
    definition: readDomain(definition),
    snapshots: await readSnapshots(host, vm.nativeId, { ...options, doing }),
  }
}

/** All snapshots of a domain, in no order. */
export async function readSnapshots(
  host: LibvirtHost,
  uuid: string,
  request: CallOptions & { readonly doing: string },
): Promise<readonly StoredSnapshot[]> {
  const [list = ''] = await host.session.run([['snapshot-list', uuid, '--name']], request)
  const names = list.split('\n').filter((line) => line.trim() !== '')
  if (names.length === 0) return []
  const xmls = await host.session.run(
    names.map((name) => ['snapshot-dumpxml', uuid, name, '--security-info']),
    request,
  )
  return xmls.map((xml) => ({ ...readSnapshot(xml), xml }))
}

/** `snapshot-not-found` when it is not among them. */
export function snapshotNamed(vm: Vm, state: VmState, name: string): StoredSnapshot {
  const found = state.snapshots.find((snapshot) => snapshot.name === name)
  if (found === undefined) throw new StillshotError('snapshot-not-found', `${vm.name} has no snapshot ${name}`)
  return found
}

/** libvirt's words for the state of a domain (virsh domstate) as ours. */
export function powerOf(words: string): PowerState {
  if (words === 'shut off' || words === 'crashed') return 'off'
  return words === 'paused' || words === 'pmsuspended' ? 'paused' : 'running'
}
