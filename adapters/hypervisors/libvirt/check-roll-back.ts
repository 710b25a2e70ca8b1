import { StillshotError } from '../../../src/errors.ts'
import type { Finding } from '../../../src/finding.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { shellWord } from '../../../src/system/shell-word.ts'
import type { LibvirtHost } from './host.ts'
import { type ImageHeader, readImageHeader } from './image-header.ts'
import { planRollBack } from './roll-back-plan.ts'
import { readVmState, type StoredSnapshot, snapshotNamed, type VmState } from './vm-state.ts'

/** What a roll back would lose, or why it cannot be done; changes nothing. `snapshot-not-found` when it is gone. */
export async function checkRollBack(
  host: LibvirtHost,
  vm: Vm,
  snapshotName: string,
  options: CallOptions = {},
): Promise<readonly Finding[]> {
  const state = await readVmState(host, vm, options)
  const snapshot = snapshotNamed(vm, state, snapshotName)
  if (!host.local) return [remote(host, vm)]
  const [info = ''] = await host.session.run([['dominfo', vm.nativeId]], { ...options, doing: `look at ${vm.name}` })
  return [
    ...fitness(host, vm, info),
    ...planFindings(host, vm, state, snapshot),
    ...(await missingImages(vm, snapshot)),
    ...otherDisks(state, snapshot),
    {
      severity: 'warn',
      code: 'writes-lost',
      message: `what ${vm.name} wrote since ${snapshot.createdAt} is lost unless a snapshot holds it`,
      hint: 'take a safety snapshot first',
    },
  ]
}

function remote(host: LibvirtHost, vm: Vm): Finding {
  return {
    severity: 'refuse',
    code: 'images-not-local',
    message: `the images of ${vm.name} are on another machine: ${host.uri}`,
    hint: 'run stillshot on the host itself for a roll back',
    error: 'not-supported',
  }
}

function fitness(host: LibvirtHost, vm: Vm, info: string): readonly Finding[] {
  const findings: Finding[] = []
  if (/^Managed save:\s+yes$/m.test(info)) {
    findings.push({
      severity: 'refuse',
      code: 'memory-saved',
      message: `${vm.name} has a saved memory image, which does not fit other disks`,
      hint: `start the VM once, or drop it with \`virsh -c ${shellWord(host.uri)} managedsave-remove ${vm.nativeId}\``,
      error: 'vm-locked',
    })
  }
  if (/^Persistent:\s+no$/m.test(info)) {
    findings.push({
      severity: 'refuse',
      code: 'vm-transient',
      message: `${vm.name} is transient: libvirt forgets it when it stops`,
      hint: 'define it with `virsh define` first',
      error: 'not-supported',
    })
  }
  return findings
}

function planFindings(host: LibvirtHost, vm: Vm, state: VmState, snapshot: StoredSnapshot): readonly Finding[] {
  try {
    planRollBack(vm, state, snapshot, 'check', host.overlayFolder)
    return []
  } catch (error) {
    if (!(error instanceof StillshotError)) throw error
    const { message, hint, code } = error
    return [{ severity: 'refuse', code: 'snapshot-unfit', message, hint, error: code }]
  }
}

async function missingImages(vm: Vm, snapshot: StoredSnapshot): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const { target, frozen, format } of snapshot.disks) {
    if (frozen === undefined) continue
    const words = await chainFault(frozen, format)
    if (words === undefined) continue
    findings.push({
      severity: 'refuse',
      code: 'image-missing',
      message: `an image of disk ${target} of ${vm.name} cannot be read: ${words}`,
      hint: 'this restore point is lost; pick another one',
      error: 'snapshot-unsupported',
    })
  }
  return findings
}

/** Longer than libvirt itself takes: a chain that stands on itself ends, too. */
const LONGEST_CHAIN = 200

async function chainFault(image: string, recorded: string): Promise<string | undefined> {
  try {
    let format = recorded
    let at: string | undefined = image
    for (let length = 0; at !== undefined && length <= LONGEST_CHAIN; length += 1) {
      const header: ImageHeader = await readImageHeader(at, format)
      format = header.backingFormat ?? 'raw'
      at = header.backing
    }
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function otherDisks(state: VmState, snapshot: StoredSnapshot): readonly Finding[] {
  const inside = snapshot.disks.map((disk) => disk.target)
  return state.definition.disks
    .filter((disk) => disk.device === 'disk' && !disk.readOnly && !inside.includes(disk.target))
    .map((disk) => ({
      severity: 'warn',
      code: 'disk-not-in-snapshot',
      message: `disk ${disk.target} is not in the snapshot and stays as it is`,
      hint: 'look whether it belongs together with the others',
    }))
}
