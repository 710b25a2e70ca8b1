// runs beside other labs
import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { RestorePoint } from '../../../../../src/catalog/catalog.ts'
import { runVzdump, startVzdump } from '../../../../labs/proxmox/vzdump/run-vzdump.ts'
import { waitFor } from '../../../../labs/wait-for.ts'
import { execute } from '../../../guests/helper/sandbox.ts'
import { type HookHostOptions, openHookHost } from './host.ts'

/** vzdump's stand-in, the script, its call and the coordinator's procedures, with a model where the guest is. */

const COORDINATOR = join(import.meta.dirname, 'model-coordinator.ts')

async function open(t: TestContext, options: Partial<HookHostOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-chain-'))
  await chmod(folder, 0o700)
  await writeFile(
    join(folder, 'stillshot.yaml'),
    `hypervisors: { pve: { kind: proxmox, url: "https://127.0.0.1:1", token: "env:T" } }
ssh: { key: key }
vms:
  db1: { hypervisor: pve, id: "100", ssh: { host: 127.0.0.1 }, drain: 0s, hold: { ttl: 60s, budget: 30s } }
state: { directory: state }
`,
    { mode: 0o600 },
  )
  const reach = { kind: 'here', command: [process.execPath, COORDINATOR, folder], hypervisor: 'pve' } as const
  const host = await openHookHost('dash', { coordinator: 'good', reach, ...options })
  t.after(() => host.remove())
  const guest = async () => (await readFile(join(folder, 'guest'), 'utf8').catch(() => '')).trim()
  return {
    ...host,
    guest,
    /** Resolves with the time at which the guest came up again. */
    up: () =>
      waitFor(async () => /up (\d+)/.exec(await guest())?.[1], { what: 'the guest', timeoutMs: 60_000, everyMs: 20 }),
    async ask(...words: readonly string[]) {
      const { stdout, status } = await execute(process.execPath, [COORDINATOR, folder, ...words])
      return { status, stdout }
    },
    async points(): Promise<readonly RestorePoint[]> {
      const { stdout } = await execute(process.execPath, [COORDINATOR, folder, 'list', '--json'])
      return (JSON.parse(stdout) as { points: readonly RestorePoint[] }).points
    },
  }
}

test('the guest is down at the point in time, up again seconds later, and the archive is a db-stopped restore point', async (t) => {
  const host = await open(t)
  const archiveMs = 15_000
  const running = await startVzdump(host.job({ point: 'ask', archiveMs }))
  const point = await running.until('point')
  assert.match(await host.guest(), /^down \d+$/)
  running.goOn()
  const up = Number(await host.up())
  assert.ok(up >= point.at)
  assert.equal(running.events.at(-1)?.event, 'started', 'the archive is still being written')
  const { status, log } = await running.ended
  assert.equal(status, 0, log)
  const [listed] = await host.points()
  assert.deepEqual([listed?.kind, listed?.grade, listed?.reasons], ['backup', 'db-stopped', []])
  assert.equal(listed?.snapshot, 'nas:backup/vzdump-qemu-100-2026_11_27-02_30_00.vma.zst')
  assert.ok((listed?.outage?.totalMs ?? archiveMs) < archiveMs)
  const tested = await host.ask('hook', 'test', 'db1')
  assert.deepEqual(
    [tested.status, tested.stdout.trimEnd().split('\n').at(-1)],
    [0, 'the point in time lies inside the hold'],
  )
  assert.match(tested.stdout, /proven: by the host’s clock: held .* \(log-inside-hold\)/)
})

test('a backup to a Proxmox Backup Server has the name that it has there', async (t) => {
  const host = await open(t)
  assert.equal((await runVzdump({ ...host.job(), server: true })).status, 0)
  assert.equal((await host.points())[0]?.snapshot, 'nas:backup/vm/100/2026-11-27T01:30:00Z')
})

test('a disk of the data that the backup leaves out is refused with nothing stopped', async (t) => {
  const host = await open(t)
  const disks = [
    { id: 'scsi0', backup: false },
    { id: 'scsi1', backup: true },
  ]
  const { status, log } = await runVzdump(host.job({ disks }))
  assert.equal(status, 255)
  assert.match(log, /stillshot: VM 100: preflight-refused .*scsi0 .*the backup leaves it out \(backup=0\)/)
  assert.deepEqual([await host.guest(), await host.points()], ['', []])
})

test('the same with onFailure continue is a restore point that nobody should rely on', async (t) => {
  const host = await open(t, { onFailure: 'continue' })
  const disks = [
    { id: 'scsi0', backup: false },
    { id: 'scsi1', backup: true },
  ]
  const { status, log } = await runVzdump(host.job({ disks }))
  assert.equal(status, 0, log)
  const [listed] = await host.points()
  assert.deepEqual([listed?.kind, listed?.mode, listed?.grade], ['backup', 'none', 'suspect'])
})

for (const fails of ['before-point', 'in-archive'] as const) {
  test(`a backup that fails ${fails} leaves the guest up and no restore point`, async (t) => {
    const host = await open(t)
    assert.equal((await runVzdump(host.job({ fails }))).status, 255)
    assert.match(await host.guest(), /^down \d+\nup \d+$/)
    assert.deepEqual(await host.points(), [])
  })
}

test('vzdump is killed: the guest is up again at once', async (t) => {
  const host = await open(t)
  const running = await startVzdump(host.job({ point: 'ask' }))
  await running.until('point')
  running.process.kill('SIGKILL')
  await running.ended
  await host.up()
  assert.deepEqual(await host.points(), [])
})

test('the follower is killed, and its last word never came: the guest is up again at once', async (t) => {
  const host = await open(t)
  const running = await startVzdump(host.job({ point: 'ask' }))
  await running.until('point')
  const { stdout } = await execute('pgrep', ['-f', `${host.root}/stillshot-vzdump --follow`])
  for (const pid of stdout.trim().split('\n')) process.kill(Number(pid), 'SIGKILL')
  await host.up()
  running.process.kill('SIGKILL')
  await running.ended
})

test('the coordinator is ended while it holds: the guest is up again, and the backup fails', async (t) => {
  const host = await open(t)
  const running = await startVzdump(host.job({ point: 'ask' }))
  await running.until('point')
  const { stdout } = await execute('pgrep', ['-f', `${COORDINATOR}.*backup-start`])
  for (const pid of stdout.trim().split('\n')) process.kill(Number(pid), 'SIGTERM')
  await host.up()
  running.goOn()
  const { status, log } = await running.ended
  assert.equal(status, 255)
  assert.match(log, /stillshot: VM 100: cancelled /)
  const [listed] = await host.points()
  assert.equal(listed?.grade, 'crash-only')
})
