// runs beside other labs
import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { HoldAnswer, ProbeAnswer } from '../../../../src/guest/protocol/answers.ts'
import { holdSchema } from '../../../../src/guest/protocol/hold-schema.ts'
import { probeSchema } from '../../../../src/guest/protocol/probe-schema.ts'
import { HOLD, openSandbox, type Sandbox, SHELLS, type ShellName } from './sandbox.ts'

/** A line of mountinfo: device, where, type, source; `@` stands for the data directory. */
type Mount = readonly [device: string, target: string, type: string, source: string]

const ROOT: Mount = ['254:0', '/', 'ext4', '/dev/vda']
const OWN_DISK: Mount = ['254:16', '@/db1', 'ext4', '/dev/vdb']
const SERVER = '4711'

interface Mounts {
  readonly own: readonly Mount[]
  /** What the server sees, where that is something else. */
  readonly server?: readonly Mount[]
}

/** A guest with the disks vda and vdb, the given mounts, and a `sync` and a `df` that write down what they are called with. */
async function open(shell: ShellName, t: TestContext, mounts: Mounts): Promise<Sandbox> {
  const guest = await openSandbox(shell)
  t.after(() => guest.remove())
  for (const [disk, number] of [
    ['vda', '254:0'],
    ['vdb', '254:16'],
  ] as const) {
    const folder = join(guest.root, 'sys/devices', disk)
    for (const made of [folder, join(guest.root, 'sys/class/block'), join(guest.root, 'sys/dev/block')]) {
      await mkdir(made, { recursive: true })
    }
    await symlink(folder, join(guest.root, 'sys/class/block', disk))
    await symlink(folder, join(guest.root, 'sys/dev/block', number))
  }
  await guest.write('mountinfo', lines(guest, mounts.own))
  await mkdir(join(guest.root, 'proc', SERVER), { recursive: true })
  await guest.write(`proc/${SERVER}/mountinfo`, lines(guest, mounts.server ?? mounts.own))
  // The first MainPID of a unit is the one that counts.
  const systemctl = await guest.read('bin/systemctl')
  await writeFile(join(guest.root, 'bin/systemctl'), systemctl.replace('MainPID=0', `MainPID=${SERVER}`), {
    mode: 0o755,
  })
  for (const name of ['sync', 'df']) {
    const log = `printf '${name} %s\\n' "$*" >>"${guest.root}/asked"\n`
    await writeFile(join(guest.root, 'bin', name), `#!/bin/sh\n${log}`, { mode: 0o755 })
  }
  const helper = await guest.read('stillshot-guest')
  const own = helper.replace(/^SYS=.*$/m, `SYS=${guest.root}/sys`)
  await guest.write('asked')
  await writeFile(join(guest.root, 'stillshot-guest'), own.replace('$PROC/self/mountinfo', `${guest.root}/mountinfo`))
  return guest
}

function lines(guest: Sandbox, mounts: readonly Mount[]): string {
  return mounts
    .map(([device, target, type, source], index) => {
      const path = target.replace('@', join(guest.root, 'data'))
      return `${index + 20} 1 ${device} / ${path} rw,relatime shared:1 - ${type} ${source} rw\n`
    })
    .join('')
}

/** What the probe says of the directories that are no part of the data directory's own file system. */
async function below(guest: Sandbox): Promise<readonly (readonly string[])[]> {
  const { dbms, fileSystems } = await guest.answer<ProbeAnswer>(probeSchema, 'probe', 'mysql')
  const data = join(guest.root, 'data')
  return (dbms?.directories ?? [])
    .filter(({ mount }) => mount !== '/')
    .map(({ role, path, mount }) => {
      const found = fileSystems.find(({ target }) => target === mount)
      const disks = found?.disks.map(({ name }) => name).join(' ') ?? 'nowhere'
      return [role, path, mount, found?.unresolved ?? disks].map((word) => word.replace(data, '@'))
    })
}

async function asked(guest: Sandbox): Promise<string> {
  return (await guest.read('asked')).replaceAll(join(guest.root, 'data'), '@')
}

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`what is mounted below the data directory, under ${shell}`, { concurrency: true }, () => {
    test('a disk of its own is told and synced', async (t) => {
      const guest = await open(shell, t, { own: [ROOT, OWN_DISK] })
      assert.deepEqual(await below(guest), [['data', '@/db1', '@/db1', 'vdb']])
      const held = await guest.answer<HoldAnswer>(holdSchema, 'hold', 'mysql', HOLD, '60000', '10000')
      assert.equal(held.synced, true)
      assert.match(await asked(guest), /^sync -f -- \/ @\/db1$/m)
      assert.ok(held.markers.some(({ mount, path }) => mount === join(guest.root, 'data/db1') && path === ''))
    })

    test('the same file system once more is nothing new', async (t) => {
      assert.deepEqual(await below(await open(shell, t, { own: [ROOT, ['254:0', '@/db1', 'ext4', '/dev/vda']] })), [])
    })

    test('a name with blanks and backslashes is understood', async (t) => {
      const own: Mount = ['254:16', '@/a\\040b\\134c', 'ext4', '/dev/vdb']
      assert.deepEqual(await below(await open(shell, t, { own: [ROOT, own] })), [
        ['data', '@/a b\\c', '@/a b\\c', 'vdb'],
      ])
    })

    test('a line end in its name makes it unknown', async (t) => {
      const own: Mount = ['254:16', '@/a\\012b', 'ext4', '/dev/vdb']
      assert.deepEqual(await below(await open(shell, t, { own: [ROOT, own] })), [['data', '@/a\\012b', '?', 'nowhere']])
    })

    test('a neighbour whose name begins alike is none', async (t) => {
      assert.deepEqual(await below(await open(shell, t, { own: [ROOT, ['254:16', '@2', 'ext4', '/dev/vdb']] })), [])
    })

    test('a share is told, and never asked for anything', async (t) => {
      const share: Mount = ['0:45', '@/db1', 'nfs4', 'nas:/db1']
      const guest = await open(shell, t, { own: [ROOT, share] })
      assert.deepEqual(await below(guest), [['data', '@/db1', '@/db1', 'nfs4']])
      await guest.answer<HoldAnswer>(holdSchema, 'hold', 'mysql', HOLD, '60000', '10000')
      assert.match(await asked(guest), /^sync -f -- \/$/m)
      assert.doesNotMatch(await asked(guest), /db1/)
    })

    test('what would be mounted when it is looked at is told, and not looked at', async (t) => {
      const guest = await open(shell, t, { own: [ROOT, ['0:46', '@/db1', 'autofs', 'systemd-1']] })
      assert.deepEqual(await below(guest), [['data', '@/db1', '@/db1', 'autofs']])
      assert.doesNotMatch(await asked(guest), /db1/)
    })

    test('what the server alone sees is found where we have it', async (t) => {
      const guest = await open(shell, t, {
        own: [ROOT, ['254:16', '/disk2', 'ext4', '/dev/vdb']],
        server: [ROOT, OWN_DISK],
      })
      assert.deepEqual(await below(guest), [['data', '@/db1', '/disk2', 'vdb']])
    })

    test('what the server alone sees, and we have nowhere, is unknown', async (t) => {
      const guest = await open(shell, t, { own: [ROOT], server: [ROOT, OWN_DISK] })
      assert.deepEqual(await below(guest), [['data', '@/db1', '?', 'nowhere']])
    })

    test('of very many mounts is said that they are there', async (t) => {
      const many = Array.from(
        { length: 80 },
        (_, index): Mount => [`0:${100 + index}`, `@/f${index}`, 'tmpfs', 'tmpfs'],
      )
      const told = await below(await open(shell, t, { own: [ROOT, ...many] }))
      assert.deepEqual([told.length, told.at(-1)], [50, ['data', '@/f49', '?', 'nowhere']])
    })

    test('a sync that does not end ends with the hold', async (t) => {
      const guest = await open(shell, t, { own: [ROOT, OWN_DISK] })
      await guest.write('bin/sync', '#!/bin/sh\ncase $* in *db1*) exec sleep 60 ;; esac\n')
      await guest.answer<ProbeAnswer>(probeSchema, 'probe', 'mysql')
      const began = performance.now()
      const { status, stdout } = await guest.run(['hold', 'mysql', HOLD, '10000', '1000'])
      assert.ok(performance.now() - began < 20_000)
      // The watchdog stands in for nothing here: whether it had fired is its own affair, the sync has not succeeded.
      assert.ok(status === 1 || JSON.parse(stdout).synced === false, stdout)
    })
  })
}
