import { StillshotError } from '../../../src/errors.ts'
import type { PowerState, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { type Domain, readDomain } from './domain-xml.ts'
import type { LibvirtHost } from './host.ts'
import { type DomainSnapshot, readSnapshot } from './snapshot-xml.ts'
import type { Request } from './virsh-session.ts'
import { canBeSent } from './virsh-words.ts'

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

/** Refuses a VM with snapshots that cannot be named: nobody can say which images they hold. */
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
  const { snapshots, unreadable } = await readSnapshots(host, vm.nativeId, { ...options, doing })
  if (unreadable.length > 0) {
    const names = unreadable.map((name) => JSON.stringify(name)).join(', ')
    throw new StillshotError('hypervisor-refused', `${vm.name} has snapshots that cannot be read by name: ${names}`, {
      hint: 'they may hold any of its images: delete them, or give them names without control characters',
    })
  }
  return { power: powerOf(state), live: readDomain(live), definition: readDomain(definition), snapshots }
}

/** How often a list is read anew because a snapshot on it was gone before it was read. */
const LOOKS = 3

export interface Snapshots {
  /** In no order. */
  readonly snapshots: readonly StoredSnapshot[]
  /** Names of others' making that virsh cannot be sent, or under which libvirt finds nothing. */
  readonly unreadable: readonly string[]
}

/** All snapshots of a domain. */
export async function readSnapshots(host: LibvirtHost, uuid: string, request: Request): Promise<Snapshots> {
  for (let look = 1; ; look += 1) {
    const [list = ''] = await host.session.run([['snapshot-list', uuid, '--name']], request)
    const names = list.split('\n').filter((line) => line !== '')
    const readable = names.filter(canBeSent)
    const unreadable = names.filter((name) => !canBeSent(name))
    const isLast = look === LOOKS
    const snapshots = isLast
      ? await readEach(host, uuid, readable, request)
      : await unlessGone(readAll(host, uuid, readable, request))
    if (snapshots === undefined) continue
    const read = snapshots.map(({ name }) => name)
    return { snapshots, unreadable: [...unreadable, ...readable.filter((name) => !read.includes(name))] }
  }
}

async function readAll(host: LibvirtHost, uuid: string, names: readonly string[], request: Request) {
  if (names.length === 0) return []
  // Others' names may begin with dashes: after `--` virsh reads no options.
  const xmls = await host.session.run(
    names.map((name) => ['snapshot-dumpxml', uuid, '--security-info', '--', name]),
    request,
  )
  return xmls.map((xml): StoredSnapshot => ({ ...readSnapshot(xml), xml }))
}

async function readEach(host: LibvirtHost, uuid: string, names: readonly string[], request: Request) {
  const snapshots: StoredSnapshot[] = []
  for (const name of names) snapshots.push(...((await unlessGone(readAll(host, uuid, [name], request))) ?? []))
  return snapshots
}

async function unlessGone<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  return answer.catch((error) => {
    if (error instanceof StillshotError && error.code === 'snapshot-not-found') return undefined
    throw error
  })
}

/** `snapshot-not-found` when it is not among them. */
export function snapshotNamed(vm: Vm, { snapshots }: Pick<VmState, 'snapshots'>, name: string): StoredSnapshot {
  const found = snapshots.find((snapshot) => snapshot.name === name)
  if (found === undefined) throw new StillshotError('snapshot-not-found', `${vm.name} has no snapshot ${name}`)
  return found
}

/** libvirt's words for the state of a domain (virsh domstate) as ours. */
export function powerOf(words: string): PowerState {
  if (words === 'shut off' || words === 'crashed') return 'off'
  return words === 'paused' || words === 'pmsuspended' ? 'paused' : 'running'
}
