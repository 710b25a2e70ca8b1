import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StillshotError } from '../../../src/errors.ts'
import type { Finding } from '../../../src/finding.ts'
import type { CheckSnapshotOptions, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { shellWord } from '../../../src/system/shell-word.ts'
import { coverageOf, isOutByChoice } from './coverage.ts'
import { type Domain, type DomainDisk, isBlockDevice, readDomain } from './domain-xml.ts'
import { guestAgent } from './guest-agent.ts'
import type { LibvirtHost } from './host.ts'
import { type ImageHeader, readImageHeader } from './image-header.ts'

/** A longer chain makes every read slower, and libvirt itself stops at 200. */
const LONG_CHAIN = 8
const LONGEST_CHAIN = 190

const MIB = 1024 ** 2

/** What an overlay must find free: a twentieth of its disk, 64 MiB at least, 1 GiB at most. */
export function spaceNeeded(diskBytes: number): number {
  return Math.min(1024 * MIB, Math.max(64 * MIB, diskBytes / 20))
}

/** Looks at everything that makes a snapshot fail or be incomplete. `domain` is given back, for the snapshot itself. */
export async function checkSnapshot(
  host: LibvirtHost,
  vm: Vm,
  { quiesce = false, ...options }: CheckSnapshotOptions = {},
): Promise<{ readonly findings: readonly Finding[]; readonly domain: Domain }> {
  const [xml = ''] = await host.session.run([['dumpxml', vm.nativeId]], { ...options, doing: `look at ${vm.name}` })
  const domain = readDomain(xml)
  const covered = domain.disks.filter((disk) => coverageOf(disk).covered)
  const findings = [
    ...coverageFindings(domain, covered),
    ...(vm.power === 'off' ? [] : await jobFindings(host, vm, covered, options)),
    ...(host.local ? await spaceFindings(host, vm, covered) : [notLocal(host)]),
    ...(await Promise.all(covered.map((disk) => depthFinding(host, disk)))).flat(),
    ...(quiesce && vm.power === 'running' ? [await agentFinding(host, vm, options)] : []),
  ]
  if (findings.some((finding) => finding.severity === 'refuse')) return { findings, domain }
  const ids = covered.map((disk) => disk.target).join(', ')
  return { findings: [...findings, ok('snapshot-possible', `disks ${ids} can be in a snapshot`)], domain }
}

function coverageFindings(domain: Domain, covered: readonly DomainDisk[]): readonly Finding[] {
  const findings: Finding[] = domain.disks
    .filter((disk) => disk.device !== 'cdrom' && disk.device !== 'floppy' && !covered.includes(disk))
    .map((disk) => ({
      severity: isOutByChoice(disk) ? 'warn' : 'refuse',
      code: 'disk-not-covered',
      message: `disk ${disk.target} ${coverageOf(disk).uncoveredReason}`,
      hint: "change the disk, or take it out with snapshot='no' in the VM's definition",
      error: 'snapshot-unsupported',
    }))
  for (const type of domain.passthrough) {
    findings.push({
      severity: 'refuse',
      code: 'disk-not-covered',
      message: `the VM has a ${type} device of the host passed through, which no snapshot contains`,
      hint: 'give the VM a disk image instead',
      error: 'snapshot-unsupported',
    })
  }
  if (covered.length > 0) return findings
  const message = 'the VM has no disk that a snapshot can contain'
  const hint = 'give it a qcow2 or raw disk image on this host'
  return [...findings, { severity: 'refuse', code: 'no-disk', message, hint, error: 'snapshot-unsupported' }]
}

async function jobFindings(
  host: LibvirtHost,
  vm: Vm,
  disks: readonly DomainDisk[],
  options: CallOptions,
): Promise<readonly Finding[]> {
  const jobs = await host.session.run(
    disks.map((disk) => ['blockjob', vm.nativeId, disk.target, '--raw']),
    { ...options, doing: `look for block jobs of ${vm.name}` },
  )
  return disks
    .filter((disk, index) => jobs[index]?.includes('type=') || disk.mirror !== undefined)
    .map(({ target }) => ({
      severity: 'refuse',
      code: 'block-job',
      message: `a block job works on disk ${target} of ${vm.name}`,
      hint: `wait for it; \`virsh -c ${shellWord(host.uri)} blockjob ${vm.nativeId} ${shellWord(target)}\` shows how far it is`,
      error: 'vm-locked',
    }))
}

async function spaceFindings(host: LibvirtHost, vm: Vm, disks: readonly DomainDisk[]): Promise<readonly Finding[]> {
  const needed = new Map<string, number>()
  for (const { image = '', target } of disks) {
    const folder = isBlockDevice(image) ? host.overlayFolder : dirname(image)
    const bytes = spaceNeeded(vm.disks.find((disk) => disk.id === target)?.sizeBytes ?? 0)
    needed.set(folder, (needed.get(folder) ?? 0) + bytes)
  }
  return Promise.all([...needed].map(([folder, bytes]) => spaceFinding(folder, bytes)))
}

async function spaceFinding(folder: string, needed: number): Promise<Finding> {
  try {
    const { bavail, bsize } = await statfs(folder)
    const free = bavail * bsize
    const mib = (bytes: number) => `${Math.floor(bytes / MIB)} MiB`
    if (free >= needed) return ok('space', `${mib(free)} free in ${folder}, ${mib(needed)} needed`)
    return {
      severity: 'refuse',
      code: 'space',
      message: `only ${mib(free)} free in ${folder}, ${mib(needed)} needed for the overlays`,
      hint: 'free space there, or remove old restore points',
      error: 'storage-full',
    }
  } catch (error) {
    const message = `cannot look for free space in ${folder}: ${error instanceof Error ? error.message : error}`
    return { severity: 'refuse', code: 'space', message, hint: 'make the folder readable', error: 'hypervisor-refused' }
  }
}

async function depthFinding(host: LibvirtHost, disk: DomainDisk): Promise<readonly Finding[]> {
  const depth = host.local ? await chainLength(disk) : disk.chain.length
  if (depth <= LONG_CHAIN) return []
  const refuse = depth > LONGEST_CHAIN
  return [
    {
      severity: refuse ? 'refuse' : 'warn',
      code: 'chain-depth',
      message: `disk ${disk.target} stands on a chain of ${depth} images`,
      hint: 'remove old restore points, which merges their images',
      ...(refuse ? { error: 'snapshot-unsupported' as const } : {}),
    },
  ]
}

/** What cannot be read ends the count: the snapshot itself will say so. */
async function chainLength(disk: DomainDisk): Promise<number> {
  let length = 0
  let format = disk.format
  for (let at = disk.image; at !== undefined && length <= LONGEST_CHAIN + 1; length += 1) {
    const header: ImageHeader | undefined = await readImageHeader(at, format).catch(() => undefined)
    format = header?.backingFormat ?? 'raw'
    at = header?.backing
  }
  return length
}

async function agentFinding(host: LibvirtHost, vm: Vm, options: CallOptions): Promise<Finding> {
  try {
    await guestAgent(host).ping(vm, options)
    return ok('agent', 'the guest agent answers')
  } catch (error) {
    if (!(error instanceof StillshotError) || error.code !== 'hypervisor-refused') throw error
    const hint = `install qemu-guest-agent in the guest, give the VM its channel, and see \`virsh -c ${shellWord(host.uri)} domtime ${vm.nativeId}\``
    return { severity: 'refuse', code: 'agent-silent', message: error.message, hint, error: 'hypervisor-refused' }
  }
}

function notLocal(host: LibvirtHost): Finding {
  return {
    severity: 'warn',
    code: 'space',
    message: `free space cannot be seen from here: ${host.uri} is another machine`,
    hint: 'watch the storage there; a roll back needs stillshot on that machine',
  }
}

function ok(code: string, message: string): Finding {
  return { severity: 'ok', code, message, hint: '' }
}
