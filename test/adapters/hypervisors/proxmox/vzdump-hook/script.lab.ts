// runs beside other labs
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { runVzdump, startVzdump } from '../../../../labs/proxmox/vzdump/run-vzdump.ts'
import { waitFor } from '../../../../labs/wait-for.ts'
import { execute, SHELLS, type ShellName } from '../../../guests/helper/sandbox.ts'
import { type HookHostOptions, openHookHost, RUN } from './host.ts'

const ORDER = [
  'job-init',
  'job-start',
  'backup-start',
  'pre-stop',
  'pre-restart',
  'post-restart',
  'backup-end',
  'log-end',
  'job-end',
]
const FAILED = ['job-init', 'job-start', 'backup-start', 'backup-abort', 'log-end', 'job-end']
const START = 'hook vzdump --hypervisor pve backup-start snapshot 100'
const END = `hook vzdump --hypervisor pve backup-end snapshot 100 ${RUN}`
const FACTS = ['include scsi0', 'exclude scsi1', 'storage nas']

/** What the log says of a container's mount points; one is not in the backup. */
const CONTAINER = ['rootfs', 'mp0', 'mp10'].map((id) => ({ id, backup: id !== 'mp0' }))

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`vzdump’s script under ${shell}`, { concurrency: 3 }, () => {
    async function open(t: TestContext, options: HookHostOptions) {
      const host = await openHookHost(shell, options)
      t.after(async () => {
        await host.quiet()
        await host.remove()
      })
      return host
    }

    test('lets the backup begin when the guest stands still, and says at once that it has started', async (t) => {
      const host = await open(t, { coordinator: 'good' })
      const { status, phases, log } = await runVzdump(host.job())
      assert.deepEqual([status, phases], [0, ORDER], log)
      const [start, end, ...more] = await host.asked()
      assert.deepEqual([start?.words, start?.input], [START, [...FACTS, 'hold', 'started']])
      assert.deepEqual(
        [end?.words, end?.input.slice(0, 4), more],
        [END, [...FACTS, `archive ${host.root}/dump/vzdump-qemu-100-2026_11_27-02_30_00.vma.zst`], []],
      )
      // In the order of the claim that they prove.
      const times = end?.input.slice(4) ?? []
      assert.deepEqual(
        times.map((line) => line.split(' ')[0]),
        ['held-at', 'logged-at', 'seen-at', 'released-at', 'end'],
      )
      const clock = times.slice(0, 4).map((line) => line.slice(line.indexOf(' ') + 1))
      assert.deepEqual(clock, clock.toSorted())
      assert.match(log, /INFO: stillshot: VM 100: held \(01JDABCDEFGHJKMNPQRSTVWXYZ\), until the backup has started/)
      assert.match(log, /INFO: stillshot: VM 100: restore point 01JDABCDEFGHJKMNPQRSTVWXYZ db-stopped\n/)
      assert.deepEqual(await host.left(), [])
    })

    test('returns in milliseconds from a phase that does not concern it', async (t) => {
      const host = await open(t, { coordinator: 'good' })
      const { events } = await runVzdump(host.job())
      const idle = events.filter((event) => event.event === 'phase' && /^job-|^pre-|^post-/.test(event.phase))
      assert.equal(idle.length, 6)
      const times = idle.map((event) => (event.event === 'phase' ? event.ms : 0)).toSorted((one, other) => one - other)
      assert.ok((times[2] ?? 1000) < 100, `${times}`)
    })

    test('keeps no descriptor of vzdump’s: the phase ends while the call goes on', async (t) => {
      const host = await open(t, { coordinator: 'slow' })
      const running = await startVzdump(host.job({ point: 'ask' }))
      await running.until('point')
      assert.ok(running.events.some((event) => event.event === 'phase' && event.phase === 'post-restart'))
      running.goOn()
      assert.equal((await running.ended).status, 0)
    })

    test('says nothing before the line of this very backup, whatever stands in the log', async (t) => {
      const host = await open(t, { coordinator: 'good' })
      const running = await startVzdump(host.job({ point: 'ask' }))
      await running.until('point')
      const [start] = await host.asked()
      assert.deepEqual(start?.input, [...FACTS, 'hold'])
      running.goOn()
      assert.equal((await running.ended).status, 0)
    })

    test('takes no hold in mode stop, and refuses mode suspend', async (t) => {
      const host = await open(t, { coordinator: 'good' })
      assert.equal((await runVzdump(host.job({ mode: 'stop' }))).status, 0)
      const { status, log, phases } = await runVzdump(host.job({ mode: 'suspend' }))
      assert.deepEqual([status, phases], [255, FAILED])
      assert.match(log, /INFO: stillshot: VM 100: a backup in mode suspend has no moment to hold for/)
      assert.deepEqual(await host.asked(), [])
    })

    test('fails the backup when the coordinator refuses, with its words and nothing that they could do', async (t) => {
      const host = await open(t, { coordinator: 'refuses' })
      const { status, log, phases } = await runVzdump(host.job())
      assert.deepEqual([status, phases], [255, FAILED])
      assert.ok(log.includes('INFO: stillshot: VM 100: hold-refused db1: no $(touch hurt) ; "quoted" way\n'), log)
      assert.deepEqual(await host.left(), [])
    })

    test('with onFailure continue goes on, with an alarm, and tells of a backup without a hold', async (t) => {
      const host = await open(t, { coordinator: 'refuses', onFailure: 'continue', end: `finished ${RUN} crash-only` })
      const { status, log, phases } = await runVzdump(host.job())
      assert.deepEqual([status, phases], [0, ORDER])
      assert.match(log, /INFO: stillshot: VM 100: ALARM: hold-refused db1: no /)
      assert.match(
        await readFile(join(host.root, 'alarms'), 'utf8'),
        /^-p daemon.alert -t stillshot -- backup of VM 100: hold-refused/,
      )
      const end = (await host.asked())[1]
      assert.equal(end?.words, 'hook vzdump --hypervisor pve backup-end snapshot 100', 'there is no run to name')
      assert.deepEqual(end?.input.slice(0, 3), FACTS)
    })

    test('takes nothing that a killed backup left for its own', async (t) => {
      const host = await open(t, { coordinator: 'good', onFailure: 'continue' })
      const place = join(host.root, 'state/100')
      await mkdir(place, { recursive: true })
      await writeFile(join(place, 'said'), `held ${RUN}\nreleased ${RUN} 1234\n`)
      await writeFile(join(place, 'ended'), '2026-11-27 02:30:12\n')
      const { status, log } = await runVzdump(host.job({ mode: 'suspend' }))
      assert.equal(status, 0)
      assert.match(log, /ALARM: a backup in mode suspend has no moment to hold for/)
      assert.doesNotMatch(log, /restore point/)
      assert.deepEqual(await host.asked(), [])
    })

    test('leaves guests alone that are not stillshot’s', async (t) => {
      const host = await open(t, { coordinator: 'not ours' })
      const { status, log, phases } = await runVzdump(host.job())
      assert.deepEqual([status, phases], [0, ORDER])
      assert.doesNotMatch(log, /stillshot: /)
      assert.equal((await host.asked()).length, 1)
    })

    test('without a coordinator fails the backups of stillshot’s guests only', async (t) => {
      const host = await open(t, { coordinator: 'unreachable' })
      const { status, log } = await runVzdump(host.job({}, { vmid: 101 }))
      assert.equal(status, 255)
      assert.match(log, /ERROR: Backup of VM 100 failed/)
      assert.match(log, /INFO: stillshot: VM 100: ssh: connect to host coordinator port 22: No route to host/)
      assert.match(log, /INFO: stillshot: VM 101: goes on without stillshot, .* No route to host/)
      assert.match(log, /INFO: Finished Backup of VM 101/)
    })

    test('fails a backup that is no better than after a power cut, though its archive stands', async (t) => {
      const host = await open(t, {
        coordinator: 'good',
        end: `finished ${RUN} crash-only\nbecause the watchdog fired (watchdog-fired)`,
      })
      const { status, log, phases } = await runVzdump(host.job())
      assert.deepEqual([status, phases.slice(-4)], [255, ['backup-end', 'backup-abort', 'log-end', 'job-end']])
      assert.match(log, /restore point \w+ crash-only: the watchdog fired \(watchdog-fired\)/)
      assert.deepEqual(
        (await host.asked()).map(({ words }) => words),
        [START, END],
        'its restore point is not dropped',
      )
    })

    test('says aloud that the guest is not back as it was', async (t) => {
      const host = await open(t, { coordinator: 'is not back' })
      const { status, log } = await runVzdump(host.job())
      assert.equal(status, 255)
      assert.match(log, /stillshot: VM 100: come-back-failed db1 is not back/)
    })

    test('says that the hold was over before the backup had started', async (t) => {
      const host = await open(t, { coordinator: 'expires', end: `finished ${RUN} crash-only` })
      const { status, log } = await runVzdump(host.job({ point: 2_500 }))
      assert.equal(status, 255)
      assert.match(log, /hold-expired db1: the backup had not started/)
      assert.equal((await host.asked())[1]?.words, 'hook vzdump --hypervisor pve backup-end snapshot 100')
    })

    test('gives the backup up when it fails before its point in time, and is back before the next guest', async (t) => {
      const host = await open(t, { coordinator: 'good' })
      const { status, phases, log } = await runVzdump(host.job({ fails: 'before-point' }))
      assert.deepEqual([status, phases.slice(-4)], [255, ['post-restart', 'backup-abort', 'log-end', 'job-end']])
      assert.deepEqual(
        (await host.asked()).map(({ input }) => input.at(-1)),
        ['given-up'],
      )
      assert.match(log, /nothing is held for this backup any more/)
      assert.deepEqual(await host.left(), [])
    })

    test('drops the restore point of an archive that was not finished', async (t) => {
      const host = await open(t, { coordinator: 'good' })
      const { status } = await runVzdump(host.job({ fails: 'in-archive' }))
      assert.equal(status, 255)
      const [start, abort] = await host.asked()
      assert.equal(start?.input.at(-1), 'started')
      assert.equal(abort?.words, `hook vzdump --hypervisor pve backup-abort snapshot 100 ${RUN}`)
    })

    test('gives the backup up when vzdump is killed, without any phase', async (t) => {
      const host = await open(t, { coordinator: 'good' })
      const running = await startVzdump(host.job({ point: 'ask' }))
      await running.until('point')
      running.process.kill('SIGKILL')
      await running.ended
      await host.quiet()
      assert.deepEqual(
        (await host.asked()).map(({ input }) => input.at(-1)),
        ['given-up'],
      )
    })

    test('hangs up when its follower is killed: the coordinator hears the end', async (t) => {
      const host = await open(t, { coordinator: 'good' })
      const running = await startVzdump(host.job({ point: 'ask' }))
      await running.until('point')
      const { stdout } = await execute('pgrep', ['-f', `^.*${host.root}/stillshot-vzdump --follow`])
      for (const pid of stdout.trim().split('\n')) process.kill(Number(pid), 'SIGKILL')
      await host.quiet()
      assert.deepEqual((await host.asked())[0]?.input.at(-1), 'hung-up')
      running.process.kill('SIGKILL')
      await running.ended
    })

    test('releases a container at pre-restart: its storage has taken the snapshot by then', async (t) => {
      const host = await open(t, { coordinator: 'good' })
      const running = await startVzdump(host.job({ type: 'lxc', disks: CONTAINER, point: 'ask' }))
      await running.until('point')
      const told = ['include rootfs', 'exclude mp0', 'include mp10', 'storage nas', 'hold']
      assert.deepEqual((await host.asked())[0]?.input, told)
      running.goOn()
      const { status, phases } = await running.ended
      assert.deepEqual([status, phases], [0, ORDER])
      const [start, end] = await host.asked()
      assert.equal(start?.input.at(-1), 'started')
      assert.match(end?.input.join('\n') ?? '', /^logged-at \d{4}/m)
    })

    test('takes each guest of a job for itself: the line of one starts nothing of the next', async (t) => {
      const host = await open(t, { coordinator: 'good' })
      const running = await startVzdump(
        host.job({}, { vmid: 101, disks: [{ id: 'virtio0', backup: true }], point: 'ask' }),
      )
      await waitFor(
        async () => (running.events.filter(({ event }) => event === 'point').length === 2 ? true : undefined),
        {
          what: 'the point in time of the second guest',
          timeoutMs: 60_000,
        },
      )
      assert.deepEqual((await host.asked())[2]?.input, ['include virtio0', 'storage nas', 'hold'])
      running.goOn()
      assert.equal((await running.ended).status, 0)
      assert.deepEqual(
        (await host.asked()).map(({ words, input }) => [words.split(' ').slice(4, 7).join(' '), input[0]]),
        [
          ['backup-start snapshot 100', 'include scsi0'],
          ['backup-end snapshot 100', 'include scsi0'],
          ['backup-start snapshot 101', 'include virtio0'],
          ['backup-end snapshot 101', 'include virtio0'],
        ],
      )
    })

    test('is not called for anything but the number of a guest', async (t) => {
      const host = await open(t, { coordinator: 'good' })
      for (const vmid of ['', '0100', '../100', '$(id)', '100;id', '1 0', '-1', '1234567890', '１００']) {
        for (const phase of ['backup-start', 'backup-end', 'backup-abort']) {
          const { status, stdout } = await execute(host.script, [phase, 'snapshot', vmid])
          assert.equal(status, 1)
          assert.match(stdout, /^stillshot: VM \?: called without the number of a guest\n$/)
        }
      }
      assert.deepEqual([await host.asked(), await host.left()], [[], []])
    })
  })
}
