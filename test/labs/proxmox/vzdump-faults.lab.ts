// runs natively
// time limit: 1200 s
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ContainerSubject, openContainerSubject } from '../container/container-subject.ts'
import { waitFor } from '../wait-for.ts'
import { installScript } from './vzdump/install-script.ts'
import type { VzdumpJob } from './vzdump/job.ts'
import { type RunningVzdump, startVzdump } from './vzdump/run-vzdump.ts'

/**
 * `hook vzdump` under the faults of the matrix, each at each of its boundaries. Whatever dies: the database comes back within the
 * hold's time to live, no grade is false, and `recover` leaves nothing open.
 */

const TTL_MS = 25_000
/** For a busy machine. */
const PATIENCE_MS = 60_000
const DISKS = ['virtio0', 'virtio1'].map((id) => ({ id, backup: true }))

let subject: ContainerSubject
let root: string

before(async () => {
  subject = await openContainerSubject('vzdump-faults', { hold: `{ ttl: ${TTL_MS / 1000}s, budget: 20s }` })
  root = join(subject.cli.folder, 'host')
  await installScript(subject.cli, 'pve', root)
})

after(() => subject?.close())

/** Without the guest's network, which a fault may have taken. */
const isActive = async () => (await subject.guest.inside('systemctl is-active mariadb')).stdout.trim() === 'active'

type Boundary = 'hold' | 'point' | 'started'

/** The moments at which a fault strikes; the job stands still at its point in time until it is told. */
const BOUNDARIES: Readonly<Record<Boundary, (job: RunningVzdump) => Promise<unknown>>> = {
  hold: () => waitFor(heldIntended, { what: 'the hold to be intended', timeoutMs: 120_000, everyMs: 20 }),
  point: (job) => job.until('point'),
  started: async (job) => {
    await job.until('point')
    job.goOn()
    return job.until('started')
  },
}

async function heldIntended(): Promise<true | undefined> {
  const runs = join(subject.cli.stateDirectory, 'runs')
  for (const name of await readdir(runs).catch(() => [])) {
    const text = await readFile(join(runs, name), 'utf8')
    if (text.includes('"step":"hold"') && !text.includes('"event":"run-ended"')) return true
  }
  return undefined
}

interface Fault {
  inject(job: RunningVzdump): Promise<unknown>
  lift?(): Promise<unknown>
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'stillshot is killed with SIGKILL': { inject: killStillshot },
  'the guest’s link is down for 5 s': {
    inject: () => subject.guest.plugNetwork(false),
    lift: async () => {
      await sleep(5_000)
      await subject.guest.plugNetwork(true)
      await subject.guest.dropConnection()
    },
  },
  'the daemon of the node is gone for 5 s': {
    inject: async () => subject.pve.standIn.nodeDown('pve1', { crashed: false }),
    lift: async () => {
      await sleep(5_000)
      subject.pve.standIn.nodeUp('pve1')
    },
  },
  'vzdump is killed with SIGKILL': { inject: async (job) => job.process.kill('SIGKILL') },
}

/** The processes of this lab's configuration, and no others. */
async function killStillshot(): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (words.includes(subject.cli.configPath) && words.includes('vzdump')) process.kill(Number(pid), 'SIGKILL')
  }
}

function job(): VzdumpJob {
  const about = {
    vmid: subject.pve.vmid,
    type: 'qemu',
    mode: 'snapshot',
    disks: DISKS,
    point: 'ask',
    archiveMs: 200,
  } as const
  return { root, script: join(root, 'script'), storage: 'nas', guests: [about] }
}

interface Listed {
  readonly points: readonly { readonly id: string; readonly grade: string }[]
}

async function points(): Promise<readonly { readonly id: string; readonly grade: string }[]> {
  return (await subject.cli.json<Listed>('list')).points
}

describe('hook vzdump', () => {
  for (const [name, fault] of Object.entries(FAULTS)) {
    for (const [boundary, reached] of Object.entries(BOUNDARIES)) {
      test(`${boundary}: ${name}`, async () => {
        const known = (await points()).map(({ id }) => id)
        subject.pve.standIn.lock(subject.pve.vmid, 'backup')
        const running = await startVzdump(job())
        let downAtPoint: boolean | undefined
        const looked = running
          .until('point')
          .then(async () => {
            downAtPoint = !(await isActive())
          })
          .catch(() => {})
        await reached(running)
        const struckAt = performance.now()
        await fault.inject(running)
        const lifting = fault.lift?.()
        await looked
        running.goOn()
        await running.ended
        await lifting
        const up = async () => ((await isActive()) ? (true as const) : undefined)
        const leftMs = TTL_MS + PATIENCE_MS - (performance.now() - struckAt)
        await waitFor(up, { what: 'the database to be back', timeoutMs: Math.max(1_000, leftMs), everyMs: 200 })
        subject.pve.standIn.unlock(subject.pve.vmid)
        // One that lives still ends its own run: the job that it waits for is gone.
        const isOver = async () => {
          const { status, stdout, stderr } = await subject.cli.run('--json', 'recover')
          assert.equal(status, 0, stdout + stderr)
          return stdout.includes('"under-way"') ? undefined : (true as const)
        }
        await waitFor(isOver, { what: 'the run to be over', timeoutMs: TTL_MS + PATIENCE_MS, everyMs: 1_000 })
        const { settled, holds, locks } = await subject.cli.json<Record<string, unknown>>('recover')
        assert.deepEqual([settled, holds, locks], [[], [], []])
        assert.ok(await isActive())
        const made = (await points()).filter(({ id }) => !known.includes(id))
        if (made.some(({ grade }) => grade === 'db-stopped')) assert.equal(downAtPoint, true, 'a false grade')
      })
    }
  }
})
