import type { Evidence } from '../../../src/coordinator/evidence.ts'
import { measureOutage } from '../../../src/coordinator/outage.ts'
import { takeSnapshot } from '../../../src/coordinator/take-snapshot.ts'
import { HELPER_PATH } from '../../../src/guest/helper-path.ts'
import type { HoldAnswer, ReleaseAnswer } from '../../../src/guest/protocol/answers.ts'
import { WaitingRelease } from '../../../src/guest/waiting-release.ts'
import { ulid } from '../../../src/system/ulid.ts'
import { type Lab, openLab } from '../../labs/lab.ts'
import type { LabGuest } from '../../labs/lab-guest.ts'
import { type Comparison, compare, comparisonTable } from '../compare.ts'
import type { Bench, BenchOptions } from '../run.ts'
import { type Spread, spread } from '../statistics.ts'
import { CommittingClient } from './committing-client.ts'
import type { Ground } from './ground.ts'

/** What is ours of the outage: hold answered to snapshot requested, plus the task's end to the release sent. */
const COORDINATOR_BOUND_MS = 15

const SUDO = ['sudo', '-n', HELPER_PATH] as const

const GROUNDS: Readonly<Record<string, (say: (line: string) => void) => Promise<Ground>>> = {
  libvirt: async (say) => (await import('./on-libvirt.ts')).onLibvirt(...(await emulated(say))),
  proxmox: async () => (await import('./on-proxmox.ts')).onProxmox(),
  vsphere: async () => (await import('./on-vsphere.ts')).onVsphere(),
}

async function emulated(log: (line: string) => void): Promise<[Lab, LabGuest]> {
  const lab = await openLab({ log })
  return [lab, await lab.guest('bench')]
}

/**
 * The outage that stillshot causes against the floor: the same helper stops the same guest's database over an open
 * connection, the hypervisor takes the snapshot and is not polled, the helper starts it; nobody writes a journal, checks or
 * decides. And, where there is one, against a tuned script that proves nothing, as a client of the database sees both.
 */
export const bench: Bench = async ({ rounds, say, hypervisor = 'libvirt' }) => {
  const open = GROUNDS[hypervisor]
  if (open === undefined) throw new Error(`--hypervisor is one of ${Object.keys(GROUNDS).join(', ')}`)
  const ground = await open(say)
  await allowManyStarts(ground)
  const client = await CommittingClient.start(ground.guest)
  const options = { onRound: say, ...(rounds === undefined ? {} : { rounds }) }
  try {
    const floor = await againstFloor(ground, client, options)
    const script = ground.script && (await againstScript(ground, client, ground.script, options))
    const { coordinatorMs, comparison, clientSawMs } = floor
    const late = coordinatorMs.median > COORDINATOR_BOUND_MS
    const table = `${comparisonTable(comparison)}  coordinator ${coordinatorMs.median.toFixed(1)} ms (bound ${COORDINATOR_BOUND_MS})
  a client was away for ${clientSawMs.ours.median.toFixed(0)} ms with us, ${clientSawMs.reference.median.toFixed(0)} ms at the floor
${script === undefined ? '' : comparisonTable(script)}`
    const document = {
      ...comparison,
      hypervisor,
      coordinatorMs,
      clientSawMs,
      ...(script === undefined ? {} : { script }),
    }
    return { document, table, missed: comparison.missed || late || script?.missed === true }
  } finally {
    await client.stop()
    await ground.close()
  }
}

/** Rounds follow each other faster than the five starts in ten seconds that systemd allows a unit. */
async function allowManyStarts({ guest }: Ground): Promise<void> {
  const folder = '/run/systemd/system/mariadb.service.d'
  const commands = `mkdir -p ${folder} && cat > ${folder}/bench.conf && systemctl daemon-reload`
  await guest.run(commands, { input: '[Unit]\nStartLimitIntervalSec=0\n' })
}

type Options = Pick<BenchOptions, 'rounds'> & { readonly onRound: (line: string) => void }

async function againstFloor(ground: Ground, client: CommittingClient, options: Options) {
  const coordinatorMs: number[] = []
  const ours: number[] = []
  const reference: number[] = []
  const comparison = await compare(
    'outage',
    {
      ours: async () => {
        const taken = await throughStillshot(ground, client)
        coordinatorMs.push(taken.coordinatorMs)
        ours.push(taken.clientSawMs)
        return taken.outageMs
      },
      reference: async () => {
        const taken = await atTheFloor(ground, client)
        reference.push(taken.clientSawMs)
        return taken.outageMs
      },
    },
    { bound: 1.05, ...options },
  )
  const clientSawMs: Readonly<Record<'ours' | 'reference', Spread>> = {
    ours: spread(ours),
    reference: spread(reference),
  }
  return { comparison, coordinatorMs: spread(coordinatorMs), clientSawMs }
}

/** Bound 1: not slower. */
function againstScript(
  ground: Ground,
  client: CommittingClient,
  script: NonNullable<Ground['script']>,
  options: Options,
): Promise<Comparison> {
  const reference = async () => {
    const name = `script-${newId(ground)}`
    const clientSawMs = await client.outageOf(() => script(name))
    await remove(ground, name)
    return clientSawMs
  }
  const ours = async () => (await throughStillshot(ground, client)).clientSawMs
  return compare('outage against a script, as a client saw it', { ours, reference }, { bound: 1, ...options })
}

async function throughStillshot(ground: Ground, client: CommittingClient) {
  const { ports, settings } = ground.ports
  const take = () => takeSnapshot(ports, settings, { mode: 'stop', signal: new AbortController().signal })
  let taking: ReturnType<typeof take> | undefined
  const clientSawMs = await client.outageOf(() => {
    taking = take()
    return taking
  })
  const point = await taking
  if (point?.grade !== 'db-stopped' || point.outage === undefined) {
    throw new Error(`the point is ${point?.grade}: ${JSON.stringify(point?.reasons)}`)
  }
  await remove(ground, point.snapshot)
  return { clientSawMs, outageMs: point.outage.totalMs, coordinatorMs: (point.evidence as Evidence).coordinatorMs }
}

async function atTheFloor(ground: Ground, client: CommittingClient) {
  const { ports, settings } = ground.ports
  const shell = await ports.shells.open(settings.guest)
  const helper = async (...words: readonly string[]): Promise<string> =>
    (await shell.run([...SUDO, ...words], { timeoutMs: 120_000 })).stdout
  const id = newId(ground)
  let outageMs = Number.NaN
  await ground.warm?.()
  try {
    const clientSawMs = await client.outageOf(async () => {
      const waiting = new WaitingRelease(shell, [...SUDO, 'release', id], id)
      const hold = JSON.parse(await helper('hold', settings.profile.name, id, '120000', '15000')) as HoldAnswer
      const holdAnsweredMs = performance.now()
      await ground.bareSnapshot(`floor-${id}`)
      const releaseSentMs = performance.now()
      const signal = AbortSignal.timeout(120_000)
      const released = await waiting.tell('', { signal })
      const release = JSON.parse(released?.stdout ?? '') as ReleaseAnswer
      outageMs = measureOutage(hold, release, { holdAnsweredMs, releaseSentMs, releaseRepeated: false }).totalMs
    })
    await remove(ground, `floor-${id}`)
    return { clientSawMs, outageMs }
  } finally {
    await shell.close()
  }
}

async function remove({ ports: { ports, settings } }: Ground, snapshot: string): Promise<void> {
  const vm = await ports.hypervisor.findVm(settings.reference)
  await ports.hypervisor.removeSnapshot(vm, snapshot)
}

function newId({ ports: { ports } }: Ground): string {
  return ulid(ports.system.clock, ports.system.randomness)
}
