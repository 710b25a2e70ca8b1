import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BackedUpGuest, VzdumpEvent, VzdumpJob } from './job.ts'
import { VzdumpLogs } from './logs.ts'

/**
 * A stand-in of vzdump, as a process of its own: order of phases, arguments, emptied environment, lines of the logs, and the
 * waiting for whoever holds a descriptor of its script, as on a real host. Called with the file of a {@link VzdumpJob}.
 */

const job = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as VzdumpJob
const logs = new VzdumpLogs(job.root)
let interrupted = false
process.on('SIGTERM', () => {
  interrupted = true
})

type Variables = Readonly<Record<string, string>>

function tell(
  event: VzdumpEvent extends infer Each ? (Each extends VzdumpEvent ? Omit<Each, 'at'> : never) : never,
): void {
  process.stdout.write(`${JSON.stringify({ ...event, at: Date.now() })}\n`)
}

/** Runs the script for one phase, to the end of its output. Throws, as vzdump does, when it says no. */
async function hook(phase: string, guest?: BackedUpGuest, variables: Variables = {}): Promise<void> {
  if (job.script === undefined) return
  const begunAt = performance.now()
  const words = guest === undefined ? [phase] : [phase, guest.mode, String(guest.vmid)]
  logs.flush()
  const env = { ...(job.storage === undefined ? {} : { STOREID: job.storage }), DUMPDIR: dump(), ...variables }
  const child = spawn(job.script, words, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => {})
  child.stdin.end()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => logs.say('INFO', text, { own: phase !== 'log-end' }))
  }
  const [status] = (await once(child, 'close')) as [number | null]
  tell({ event: 'phase', phase, status: status ?? -1, ms: Math.round(performance.now() - begunAt) })
  if (status !== 0) throw new Error(`command '${job.script} ${words.join(' ')}' failed: exit code ${status}`)
  stopIfInterrupted()
}

function stopIfInterrupted(): void {
  if (interrupted) throw new Error('interrupted by signal')
}

function dump(): string {
  return join(job.root, 'dump')
}

async function backUp(guest: BackedUpGuest): Promise<boolean> {
  const { vmid, type, mode, disks } = guest
  const name = `vzdump-${type}-${vmid}-2026_11_27-02_30_00`
  const target = job.server
    ? `${type === 'qemu' ? 'vm' : 'ct'}/${vmid}/2026-11-27T01:30:00Z`
    : join(dump(), `${name}.vma.zst`)
  const own: Variables = {
    ...{ VMTYPE: type, HOSTNAME: `db${vmid}`, TARGET: target },
    ...(job.server ? {} : { LOGFILE: join(dump(), `${name}.log`) }),
  }
  let failed: unknown
  try {
    logs.open(type, vmid)
    logs.say('INFO', `Starting Backup of VM ${vmid} (${type})`)
    logs.say('INFO', 'Backup started at 2026-11-27 02:30:00', { own: false })
    logs.say('INFO', `status = ${mode === 'stop' ? 'stopped' : 'running'}`)
    logs.say('INFO', `VM Name: started backup task '0'`)
    for (const { id, backup } of disks) {
      const volume = `local-lvm:vm-${vmid}-${id}`
      if (type === 'lxc') {
        const place = `${id} ('${id === 'rootfs' ? '/' : `/${id}`}')`
        const left = `excluding volume mount point ${place} from backup (disabled)`
        logs.say('INFO', backup ? `including mount point ${place} in backup` : left)
        continue
      }
      logs.say('INFO', backup ? `include disk '${id}' '${volume}' 2G` : `exclude disk '${id}' '${volume}' (backup=no)`)
    }
    logs.say('INFO', `backup mode: ${mode}`)
    logs.say('INFO', 'ionice priority: 7')
    await hook('backup-start', guest, own)
    if (mode === 'snapshot') await pauseAround(guest, own)
    logs.say('INFO', `creating ${job.server ? 'Proxmox Backup Server' : 'vzdump'} archive '${target}'`)
    await archive(guest, target)
    await hook('backup-end', guest, own)
  } catch (thrown) {
    failed = thrown
    logs.say('ERROR', `Backup of VM ${vmid} failed - ${(thrown as Error).message}`)
    await hook('backup-abort', guest, own).catch(() => {})
  }
  if (failed === undefined) logs.say('INFO', `Finished Backup of VM ${vmid} (00:00:01)`)
  logs.close()
  await hook('log-end', guest, own).catch(() => {})
  return failed === undefined
}

/** For a container, the snapshot of its storage lies in here; for a QEMU guest, nothing does. */
async function pauseAround(guest: BackedUpGuest, own: Variables): Promise<void> {
  await hook('pre-stop', guest, own)
  if (guest.type === 'lxc') {
    logs.say('INFO', "create storage snapshot 'vzdump'")
    await pointInTime(guest)
  }
  await hook('pre-restart', guest, own)
  await hook('post-restart', guest, own)
}

async function archive(guest: BackedUpGuest, target: string): Promise<void> {
  if (guest.type === 'qemu') {
    if (guest.fails === 'before-point') throw new Error("VM 100 qmp command 'backup' failed - got timeout")
    await pointInTime(guest)
    logs.say('INFO', "started backup task '843879b9-5054-4a96-98b2-a87994c97539'")
    tell({ event: 'started', vmid: guest.vmid })
  }
  logs.say('INFO', '100% (2.0 GiB of 2.0 GiB) in 3s, read: 1.0 GiB/s, write: 10.0 MiB/s')
  await sleep(guest.archiveMs)
  stopIfInterrupted()
  if (guest.fails === 'in-archive') throw new Error('job failed with err -28 - No space left on device')
  mkdirSync(dump(), { recursive: true })
  writeFileSync(join(dump(), basename(target)), 'an archive\n')
  logs.say('INFO', 'archive file size: 10MB')
}

async function pointInTime({ vmid, point }: BackedUpGuest): Promise<void> {
  if (point !== 'ask') await sleep(point)
  tell({ event: 'point', vmid })
  if (point === 'ask') await once(process.stdin.resume(), 'data')
}

async function main(): Promise<number> {
  tell({ event: 'task', upid: logs.upid, log: logs.task })
  // A job whose first phase says no is not even begun.
  await hook('job-init')
  logs.say('INFO', 'starting new backup job: vzdump --all 1')
  let failures = 0
  try {
    await hook('job-start')
    for (const guest of job.guests) failures += (await backUp(guest)) ? 0 : 1
    await hook('job-end')
  } catch (thrown) {
    logs.say('ERROR', `Backup job failed - ${(thrown as Error).message}`)
    await hook('job-abort').catch(() => {})
    return 255
  }
  return failures === 0 ? 0 : 255
}

const status = await main().catch(() => 255)
tell({ event: 'end', status })
process.exit(status)
