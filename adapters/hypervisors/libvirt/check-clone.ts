import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Finding } from '../../../src/finding.ts'
import type { CloneRequest } from '../../../src/hypervisor/clones.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { hasVariables, memoryOf } from './clone-xml.ts'
import { listDomains } from './find-vm.ts'
import type { LibvirtHost } from './host.ts'
import { planOverlays } from './roll-back-plan.ts'
import type { StoredSnapshot, VmState } from './vm-state.ts'

const MIB = 1024 ** 2
/** A boot, the logs and what a server writes while it starts; an overlay holds nothing else. */
const SPACE_BYTES = 1024 * MIB
/** The host keeps this for itself. */
const SPARE_MEMORY_BYTES = 256 * MIB

export interface LookedAtClone {
  readonly state: VmState
  readonly snapshot: StoredSnapshot
  readonly request: CloneRequest
}

/** Whether a copy of this snapshot can be made and run now; changes nothing. */
export async function checkClone(
  host: LibvirtHost,
  vm: Vm,
  { state, snapshot, request }: LookedAtClone,
  options: CallOptions,
): Promise<readonly Finding[]> {
  if (!host.local) return [notLocal(host)]
  const { frozen } = planOverlays(vm, state, snapshot, { ending: 'copy', folder: host.overlayFolder, use: 'copied' })
  const folders = new Set([...frozen.values()].map((image) => folderOf(host, image)))
  const space = await Promise.all([...folders].map(spaceFinding))
  return [
    ...(await nameFindings(host, request, options)),
    ...space,
    await memoryFinding(host, snapshot, request, options),
    ...variablesFindings(snapshot),
  ]
}

async function nameFindings(
  host: LibvirtHost,
  { as }: CloneRequest,
  options: CallOptions,
): Promise<readonly Finding[]> {
  if (as === undefined || !(await listDomains(host, options)).some(({ name }) => name === as)) return []
  const message = `there is a VM ${as} already`
  return [{ severity: 'refuse', code: 'name-taken', message, hint: 'take another name', error: 'hypervisor-refused' }]
}

function folderOf(host: LibvirtHost, image: string): string {
  return image.startsWith('/dev/') ? host.overlayFolder : dirname(image)
}

async function spaceFinding(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder)
  return judged('copy-space', bavail * bsize, SPACE_BYTES, `in ${folder}`, {
    hint: 'free space there, or remove old restore points',
    error: 'storage-full',
  })
}

async function memoryFinding(
  { session }: LibvirtHost,
  { xml }: StoredSnapshot,
  { memoryBytes }: CloneRequest,
  options: CallOptions,
): Promise<Finding> {
  const [said = ''] = await session.run([['nodememstats']], { ...options, doing: 'look how much memory is free' })
  const kib = (name: string) => Number(new RegExp(`^${name}\\s*:\\s*(\\d+)`, 'm').exec(said)?.[1] ?? 0)
  const free = (kib('free') + kib('buffers') + kib('cached')) * 1024
  const own = memoryOf(xml) ?? 0
  const needed = Math.min(own, memoryBytes ?? own) + SPARE_MEMORY_BYTES
  return judged('copy-memory', free, needed, 'of the host’s memory', {
    hint: 'give the copy less memory, or wait until other VMs need less',
    error: 'hypervisor-refused',
  })
}

function judged(
  code: string,
  free: number,
  needed: number,
  where: string,
  refusal: Pick<Finding, 'hint' | 'error'>,
): Finding {
  const mib = (bytes: number) => `${Math.floor(bytes / MIB)} MiB`
  const message = `${mib(free)} free ${where}, ${mib(needed)} needed for the copy`
  return free >= needed
    ? { severity: 'ok', code, message, hint: '' }
    : { severity: 'refuse', code, message, ...refusal }
}

function variablesFindings({ xml }: StoredSnapshot): readonly Finding[] {
  if (!hasVariables(xml)) return []
  return [
    {
      severity: 'warn',
      code: 'copy-firmware',
      message: 'the VM starts by UEFI, and no snapshot contains its variables: the copy begins with the template’s',
      hint: 'let the guest install its loader at the removable path as well (grub-install --force-extra-removable)',
    },
  ]
}

export function notLocal({ uri }: LibvirtHost): Finding {
  return {
    severity: 'refuse',
    code: 'copy-not-local',
    message: `the images are on another machine: ${uri}`,
    hint: 'run stillshot on the host itself',
    error: 'not-supported',
  }
}
