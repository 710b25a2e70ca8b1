import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { VirtualClock } from '../../../adapters/system/fake/virtual-clock.ts'
import { followJob, readTold, SILENCE_MS } from '../../../src/cli/hook/job-session.ts'
import { LineReader } from '../../../src/cli/hook/line-reader.ts'
import type { holdForBackup } from '../../../src/coordinator/hold-for-backup.ts'
import { StillshotError } from '../../../src/errors.ts'
import { run, somePoint } from '../fake-app.ts'

const never = () => new AbortController().signal
const CONFIG = `hypervisors:
  pve: { kind: proxmox, url: "https://pve1:8006", token: "env:T" }
  other: { kind: proxmox, url: "https://pve9:8006", token: "env:T" }
ssh: { key: id_ed25519 }
vms:
  db1: { hypervisor: pve, id: "100", ssh: { host: 10.0.0.5 } }
  web: { hypervisor: pve, id: one-name, ssh: { host: 10.0.0.6 } }
  twin: { hypervisor: pve, id: other-name, ssh: { host: 10.0.0.7 } }
  far: { hypervisor: other, id: "200", ssh: { host: 10.0.0.8 } }
`
const FACTS = 'include scsi0\nstorage nas\nhold\n'
const POINT = somePoint({ kind: 'backup' })

/** As the real one: lets the job go on, and waits for its word. */
const held: typeof holdForBackup = async (_, settings, { job, signal }) => {
  assert.equal(settings.name, 'db1')
  assert.deepEqual(job.facts, { disks: ['scsi0'], storage: 'nas' })
  job.goOn(POINT.id)
  await job.started(signal)
  return POINT
}

function hook(words: string, more: Parameters<typeof run>[1] = {}) {
  return run(['hook', 'vzdump', '--hypervisor', 'pve', ...words.split(' ')], { config: CONFIG, ...more })
}

describe('the hook', () => {
  test('holds, is told that the backup has started, and releases', async () => {
    const ran = await hook('backup-start snapshot 100', {
      input: [FACTS, 'ali', 've\nalive\nstar', 'ted\n'],
      procedures: { holdForBackup: held },
    })
    assert.equal(ran.out, `held ${POINT.id}\nreleased ${POINT.id} 4200\n`)
    assert.deepEqual([ran.status, ran.opened], [0, ['db1']])
  })

  for (const [what, input] of [
    ['gives the backup up', `${FACTS}alive\ngiven-up\n`],
    ['hangs up', `${FACTS}alive\n`],
    ['hangs up in the middle of a word', `${FACTS}start`],
  ] as const) {
    test(`hears that the host ${what}`, async () => {
      const ran = await hook('backup-start snapshot 100', { input: [input], procedures: { holdForBackup: held } })
      assert.match(ran.out, /^held \w+\nfailed backup-lost the /)
      assert.equal(ran.status, 45)
    })
  }

  test('stops nothing for a host that has hung up before', async () => {
    let stopped = false
    const procedures = {
      holdForBackup: (async (_, __, { signal }) => {
        await Promise.resolve()
        await new Promise((resolve) => setImmediate(resolve))
        signal.throwIfAborted()
        stopped = true
        return POINT
      }) satisfies typeof holdForBackup,
    }
    const ran = await hook('backup-start snapshot 100', { input: [FACTS], procedures })
    assert.deepEqual([stopped, ran.status], [false, 45])
  })

  test('takes no hold for a guest that vzdump stops itself, and refuses a mode without a moment to hold for', async () => {
    assert.deepEqual([(await hook('backup-start stop 100')).out, (await hook('backup-start stop 100')).status], ['', 0])
    const ran = await hook('backup-start suspend 100')
    assert.match(ran.out, /^failed not-supported a backup in mode suspend /)
    assert.equal(ran.status, 15)
  })

  test('answers not-ours for guests that are not under vms:, also when they are under another hypervisor’s', async () => {
    for (const vmid of ['102', '200']) {
      const ran = await hook(`backup-start snapshot ${vmid}`, { input: [FACTS] })
      assert.deepEqual([ran.out, ran.status, ran.opened], ['not-ours\n', 0, []])
    }
  })

  test('refuses a number that two names have', async () => {
    const ran = await hook('backup-start snapshot 101', { input: [FACTS], nativeId: '101' })
    assert.deepEqual([ran.out.startsWith('failed vm-ambiguous '), ran.opened], [true, []])
  })

  test('does nothing in phases that concern nobody', async () => {
    for (const words of ['job-start', 'pre-stop snapshot 100', 'log-end snapshot 100']) {
      const ran = await hook(words)
      assert.deepEqual([ran.out, ran.status, ran.opened], ['', 0, []])
    }
  })

  test('prints a failure as one line that steers no terminal', async () => {
    const holdForBackup = async () => {
      throw new StillshotError('helper-failed', 'it said\nheld 01JDABCDEFGHJKMNPQRSTVWXYZ\u001b[2J')
    }
    const ran = await hook('backup-start snapshot 100', { input: [FACTS], procedures: { holdForBackup } })
    assert.equal(ran.out, 'failed helper-failed it said held 01JDABCDEFGHJKMNPQRSTVWXYZ\\x1b[2J\n')
  })

  test('says that the point is kept when the guest is not back as it was', async () => {
    const holdForBackup = async () => {
      throw new StillshotError('come-back-failed', 'db1 is not back', { details: { point: POINT } })
    }
    const ran = await hook('backup-start snapshot 100', { input: [FACTS], procedures: { holdForBackup } })
    assert.equal(ran.out, `released ${POINT.id} 4200\nfailed come-back-failed db1 is not back\n`)
    assert.equal(ran.status, 42)
  })

  test('gives the finished backup its name and its times', async () => {
    const seen: unknown[] = []
    const finishBackup = async (_: unknown, __: unknown, id: string, done: unknown) => {
      seen.push(id, done)
      return somePoint({ kind: 'backup', grade: 'crash-only', reasons: [{ code: 'x', message: 'of it' }] })
    }
    const input = [`storage nas\narchive /dump/a.vma\nheld-at 2026-11-27 02:30:07\nend\n`]
    const ran = await hook(`backup-end snapshot 100 ${POINT.id}`, { input, procedures: { finishBackup } })
    assert.deepEqual(seen, [POINT.id, { archive: 'nas:backup/a.vma', times: { heldAt: '2026-11-27 02:30:07' } }])
    assert.equal(ran.out, `finished ${POINT.id} crash-only\nbecause of it (x)\n`)
    assert.equal(ran.status, 40)
  })

  test('behind the gate speaks for the hypervisor of the key, whatever is asked', async () => {
    const variables = { SSH_ORIGINAL_COMMAND: 'hook vzdump backup-start snapshot 200' }
    const ran = await run(['hook', 'gate', 'pve'], { config: CONFIG, variables, input: [FACTS] })
    assert.deepEqual([ran.out, ran.status, ran.opened], ['not-ours\n', 0, []])
  })
})

describe('the line to the host', () => {
  test('is dead after a while of silence, and alive as long as it says so', async () => {
    const clock = new VirtualClock({ auto: true })
    async function* chunks() {
      yield FACTS
      for (let said = 0; said < 20; said += 1) {
        await clock.sleep(SILENCE_MS / 2)
        yield 'alive\n'
      }
      await clock.sleep(SILENCE_MS * 100)
      yield 'started\n'
    }
    const line = { reader: new LineReader(chunks()), clock }
    const told = await readTold(line, 'hold', never())
    const { job, signal } = followJob(line, told, { signal: never(), print() {} })
    await assert.rejects(job.started(never()), { code: 'backup-lost' })
    assert.equal(signal.aborted, true)
    assert.equal(Math.round(clock.monotonic()), SILENCE_MS * 11)
  })

  test('takes no backup for held that started before it was let go on', async () => {
    const clock = new VirtualClock({ auto: true })
    const { promise: silence } = Promise.withResolvers<string>()
    async function* chunks() {
      yield `${FACTS}alive\nstarted\n`
      yield await silence
    }
    const line = { reader: new LineReader(chunks()), clock }
    const { job, signal } = followJob(line, await readTold(line, 'hold', never()), { signal: never(), print() {} })
    await clock.sleep(1)
    assert.equal(signal.aborted, true, 'nothing needs to stop for it')
    job.goOn(POINT.id)
    await assert.rejects(job.started(never()), { code: 'backup-lost' })
  })

  test('loses no word when the waiting for it is given up', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const reader = new LineReader(
      (async function* () {
        yield await promise
      })(),
    )
    const controller = new AbortController()
    const waiting = reader.next(controller.signal)
    controller.abort(new Error('given up'))
    await assert.rejects(waiting, /given up/)
    resolve('one\ntwo\n')
    assert.deepEqual(
      [await reader.next(never()), await reader.next(never()), await reader.next(never())],
      ['one', 'two', undefined],
    )
  })

  test('takes no line without an end', async () => {
    const reader = new LineReader(
      (async function* () {
        for (;;) yield 'x'.repeat(600)
      })(),
    )
    await assert.rejects(reader.next(never()), { code: 'usage' })
  })
})
