import { parseArgs } from 'node:util'
import type { RestoreReport } from '../../src/coordinator/restore-report.ts'
import { openLab } from './lab.ts'
import type { LabGuest } from './lab-guest.ts'
import { StillshotCli } from './stillshot-cli.ts'
import { WriteLoad } from './write-load.ts'

/**
 * `npm run demo [-- --json] [-- --keep]`: the main job on a real virtual machine. A write load runs on MariaDB, stillshot
 * takes a snapshot, the database is dropped, stillshot restores the VM, and every row that the server had acknowledged
 * before the stop is looked for.
 */
const { values } = parseArgs({ options: { json: { type: 'boolean' }, keep: { type: 'boolean' } } })
const say = (line: string) => process.stderr.write(`${line}\n`)

const lab = await openLab({ log: (line) => say(`lab: ${line}`) })
say('lab: starting a guest')
const guest = await lab.guest('demo')
try {
  await demonstrate(guest)
} finally {
  if (values.keep) tellHowToReach(guest)
  else await guest.destroy()
}

async function demonstrate(guest: LabGuest): Promise<void> {
  const cli = await StillshotCli.make(lab, guest)
  say('stillshot guest install: the helper goes into the guest')
  await cli.installHelper(guest)
  say('stillshot check')
  await cli.json('check', guest.name)

  say('a client writes rows, one after the other')
  const load = await WriteLoad.start(guest)
  const beganMs = performance.now()
  say('stillshot snapshot')
  const snapshot = await cli.json<{ points: SnapshotPoint[] }>('snapshot', guest.name)
  await load.stop()
  const point = snapshot.points[0]
  if (point === undefined) throw new Error('stillshot printed no restore point')
  const gap = load.longestGap(beganMs)
  const acknowledged = load.acknowledged.filter(({ id }) => id <= gap.lastBefore).map(({ id }) => id)
  tellOutage(point, gap.ms)

  say('DROP DATABASE shop')
  await guest.sql('DROP DATABASE shop')
  say('stillshot restore')
  const restore = await cli.json<RestoreReport>('restore', guest.name, '--point', point.id, '--yes')
  const restored = new Set((await guest.sql('SELECT id FROM shop.orders')).split('\n').map(Number))
  const visits = new Set((await guest.sql('SELECT id FROM shop.visits')).split('\n').map(Number))
  const lost = acknowledged.filter((id) => !restored.has(id) || !visits.has(id)).length
  const rows = { acknowledged: acknowledged.length, restored: acknowledged.length - lost, lost }
  say(
    `rows acknowledged before the stop: ${rows.acknowledged}, there after the restore: ${rows.restored}, lost: ${lost}`,
  )
  if (values.json) process.stdout.write(`${JSON.stringify({ snapshot, restore, rows })}\n`)
  if (lost > 0 || point.grade !== 'db-stopped') process.exitCode = 1
}

interface SnapshotPoint {
  readonly id: string
  readonly grade: string
  readonly reasons: readonly { message: string }[]
  readonly outage: { stopMs: number; snapshotMs: number; startMs: number; readyMs: number; totalMs: number }
}

function tellOutage({ grade, reasons, outage }: SnapshotPoint, clientGapMs: number): void {
  const { stopMs, snapshotMs, startMs, readyMs, totalMs } = outage
  say(`grade ${grade}${reasons.map(({ message }) => `; ${message}`).join('')}`)
  say(`outage ${totalMs} ms = stop ${stopMs} + snapshot ${snapshotMs} + start ${startMs} + ready ${readyMs}`)
  say(`the client saw ${Math.round(clientGapMs)} ms between two acknowledged commits`)
}

function tellHowToReach({ domain, host, sshPort, rootKeyPath, knownHostsPath }: LabGuest): void {
  say(`${domain} stays up:`)
  say(`  ssh -i ${rootKeyPath} -o UserKnownHostsFile=${knownHostsPath} -p ${sshPort} root@${host}`)
  say(`  node test/labs/clean.ts demo   removes it`)
}
