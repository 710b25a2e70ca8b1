import { virshEnvironment } from '../../adapters/hypervisors/libvirt/virsh-environment.ts'
import { VirshSession } from '../../adapters/hypervisors/libvirt/virsh-session.ts'
import type { Evidence } from '../../src/coordinator/evidence.ts'
import { measureOutage } from '../../src/coordinator/outage.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import { HELPER_PATH } from '../../src/guest/guest-helper.ts'
import type { GuestShell } from '../../src/guest/guest-shell.ts'
import type { HoldAnswer, ReleaseAnswer } from '../../src/guest/protocol/answers.ts'
import { ulid } from '../../src/system/ulid.ts'
import { openLab } from '../labs/lab.ts'
import type { LabGuest } from '../labs/lab-guest.ts'
import { type LabPorts, openLabPorts } from '../labs/lab-ports.ts'
import { StillshotCli } from '../labs/stillshot-cli.ts'
import { waitFor } from '../labs/wait-for.ts'
import { WriteLoad } from '../labs/write-load.ts'
import { compare, comparisonTable } from './compare.ts'
import type { Bench } from './run.ts'
import { spread } from './statistics.ts'

/** What is ours of the outage: hold answered to snapshot requested, plus the task's end to the release sent. */
const COORDINATOR_BOUND_MS = 15

/**
 * The outage that stillshot causes against the floor: the same helper stops the same guest's database over an open
 * connection, an open virsh takes the snapshot, the helper starts it; nobody writes a journal, checks or decides.
 */
export const bench: Bench = async ({ rounds, say }) => {
  const lab = await openLab({ log: say })
  const guest = await lab.guest('bench')
  const cli = await StillshotCli.make(lab, guest)
  await cli.installHelper(guest)
  const lp = await openLabPorts(lab, guest, cli)
  const load = await WriteLoad.start(guest)
  const floor = await openFloor(lab.uri, guest, lp)
  const coordinatorMs: number[] = []
  const gaps = { ours: [] as number[], reference: [] as number[] }
  try {
    const comparison = await compare(
      'outage',
      {
        ours: () => withGap(load, gaps.ours, () => throughStillshot(lp, coordinatorMs)),
        reference: () => withGap(load, gaps.reference, () => floor.run()),
      },
      { bound: 1.05, onRound: say, ...(rounds === undefined ? {} : { rounds }) },
    )
    const coordinator = spread(coordinatorMs)
    const missed = comparison.missed || coordinator.median > COORDINATOR_BOUND_MS
    const clientGapMs = { ours: spread(gaps.ours), reference: spread(gaps.reference) }
    const table = `${comparisonTable(comparison)}  coordinator ${coordinator.median.toFixed(1)} ms (bound ${COORDINATOR_BOUND_MS})
  clients saw ${clientGapMs.ours.median.toFixed(0)} ms with us, ${clientGapMs.reference.median.toFixed(0)} ms at the floor, between two acknowledged commits\n`
    return { document: { ...comparison, coordinatorMs: coordinator, clientGapMs }, table, missed }
  } finally {
    await load.stop()
    await floor.close()
    await lp.close()
    await guest.destroy()
  }
}

async function throughStillshot({ ports, settings }: LabPorts, coordinatorMs: number[]): Promise<number> {
  const point = await takeSnapshot(ports, settings, { mode: 'stop', signal: new AbortController().signal })
  if (point.grade !== 'db-stopped' || point.outage === undefined) {
    throw new Error(`the point is ${point.grade}: ${JSON.stringify(point.reasons)}`)
  }
  coordinatorMs.push((point.evidence as Evidence).coordinatorMs)
  const vm = await ports.hypervisor.findVm(settings.reference)
  await ports.hypervisor.removeSnapshot(vm, point.snapshot)
  return point.outage.totalMs
}

async function openFloor(uri: string, guest: LabGuest, { ports, settings }: LabPorts) {
  const shell: GuestShell = await ports.shells.open(settings.guest)
  const virsh = new VirshSession({ uri, program: 'virsh', environment: virshEnvironment(process.env) })
  await virsh.run([['domstate', guest.domain]], { doing: 'warm up' })
  const helper = async (...words: readonly string[]): Promise<string> =>
    (await shell.run(['sudo', '-n', HELPER_PATH, ...words], { timeoutMs: 120_000 })).stdout
  return {
    async run(): Promise<number> {
      const id = ulid(ports.system.clock, ports.system.randomness)
      const hold = await helper('hold', settings.profile.name, id, '120000', '15000')
      const holdAnsweredMs = performance.now()
      const create = ['snapshot-create-as', guest.domain, '--name', id, '--disk-only', '--atomic']
      await virsh.run([create], { doing: 'take a snapshot', change: true })
      const releaseSentMs = performance.now()
      const release = await helper('release', id)
      const vm = await ports.hypervisor.findVm(settings.reference)
      await ports.hypervisor.removeSnapshot(vm, id)
      const timing = { holdAnsweredMs, releaseSentMs, releaseRepeated: false }
      return measureOutage(JSON.parse(hold) as HoldAnswer, JSON.parse(release) as ReleaseAnswer, timing).totalMs
    },
    async close(): Promise<void> {
      virsh.close()
      await shell.close()
    },
  }
}

/** The longest pause between two acknowledged commits that the client sees during the work, and a little after it. */
async function withGap(load: WriteLoad, gaps: number[], work: () => Promise<number>): Promise<number> {
  const sinceMs = performance.now()
  const result = await work()
  const afterMs = performance.now()
  const answersAgain = async () => ((load.acknowledged.at(-1)?.atMs ?? 0) > afterMs ? true : undefined)
  await waitFor(answersAgain, { what: 'a commit after the outage', timeoutMs: 60_000, everyMs: 50 })
  gaps.push(load.longestGap(sinceMs - 200).ms)
  return result
}
