// runs natively
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { runCommand } from '../command.ts'
import { waitFor } from '../wait-for.ts'
import { containerGuest, runInContainer } from './container-guest.ts'
import type { NativeGuest } from './native-guest.ts'
import { NativeMachine } from './native-machine.ts'
import { removeNative } from './supervised.ts'

let guest: NativeGuest
let machine: NativeMachine
before(async () => {
  guest = await containerGuest('native')
  machine = new NativeMachine(guest, ['virtio0', 'virtio1'])
  await guest.sql('CREATE DATABASE kept; CREATE TABLE kept.t (a INT); INSERT INTO kept.t VALUES (1)')
})
after(() => guest?.destroy())

/** Whether a loop device still stands for a disk in the folder: its number may be another guest's by now. */
async function isHeld(number: string, folder: string): Promise<boolean> {
  const backing = await readFile(`/sys/dev/block/${number}/loop/backing_file`, 'utf8').catch(() => '')
  return backing.startsWith(`${folder}/`)
}

const boot = () => guest.run('cat /proc/sys/kernel/random/boot_id')

test('it is a machine of its own by its looks: firmware, disks with serials, a boot that began now', async () => {
  assert.equal((await guest.run('cat /sys/class/dmi/id/product_uuid')).trim(), guest.uuid)
  assert.equal((await guest.run('systemd-detect-virt')).trim(), 'qemu')
  const disks = await guest.run('lsblk --nodeps --noheadings --raw --output NAME,SERIAL /dev/vda /dev/vdb')
  const { vda, vdb } = guest.spec.serials
  assert.equal(disks.trim(), `vda ${vda}\nvdb ${vdb}`)
  assert.equal((await guest.run(`readlink -f /dev/disk/by-id/virtio-${vdb}`)).trim(), '/dev/vdb')
  assert.equal((await guest.run('systemctl is-system-running --wait')).trim(), 'running')
  assert.ok(Number((await guest.run('cut -d. -f1 /proc/uptime')).trim()) < 600)
  assert.notEqual(await boot(), await readFile('/proc/sys/kernel/random/boot_id', 'utf8'))
})

test('nothing of this machine is seen in it or changed from it: file systems, clock, kernel', async () => {
  const sources = await guest.run(`awk '$1 ~ "^/dev/" { print $1 }' /proc/mounts | sort`)
  assert.equal(sources, '/dev/vda\n/dev/vdb\n')
  assert.notEqual((await guest.try('date --set=@0')).status, 0)
  assert.notEqual((await guest.try('echo 1 > /proc/sys/vm/overcommit_memory')).status, 0)
  assert.notEqual((await guest.try('mknod /tmp/disk b 7 0')).status, 0)
})

test('its agent freezes both file systems and thaws them', async () => {
  assert.equal(await machine.askAgent('guest-fsfreeze-freeze'), 2)
  assert.equal(await machine.askAgent('guest-fsfreeze-status'), 'frozen')
  const touch = 'f=/srv/data/.lab; touch $f </dev/null >/dev/null 2>&1 & sleep 1; [ -e $f ]'
  assert.equal((await guest.inside(touch)).status, 1)
  assert.equal(await machine.askAgent('guest-fsfreeze-thaw'), 2)
})

test('a power cut takes what was not synced and leaves what was', async () => {
  const before = await boot()
  await guest.run('echo kept > /srv/data/synced; sync; echo lost > /srv/data/unsynced')
  await guest.reset()
  await guest.ready()
  assert.notEqual(await boot(), before)
  assert.equal(await guest.run('cd /srv/data && ls *synced'), 'synced\n')
  assert.equal(await guest.sql('SELECT a FROM kept.t'), '1')
})

test('a power cut while its file systems are frozen leaves nothing behind', async () => {
  const [number = ''] = (await guest.run('cat /sys/class/block/vdb/dev')).trim().split('\n')
  await machine.askAgent('guest-fsfreeze-freeze')
  await guest.powerOff()
  assert.equal(await guest.power(), 'shut off')
  assert.equal(await isHeld(number, guest.folder), false)
  await guest.powerOn()
  await guest.ready()
})

test('a snapshot of the running guest is a point in time, and a roll back brings it back', async () => {
  for (const disk of ['virtio0', 'virtio1']) await machine.snapshotDisk(disk, 'one')
  await guest.sql('INSERT INTO kept.t VALUES (2)')
  await machine.stop()
  for (const disk of ['virtio0', 'virtio1']) await machine.rollBackDisk(disk, 'one')
  await machine.start()
  await guest.ready()
  assert.equal(await guest.sql('SELECT a FROM kept.t'), '1')
})

test('a copy of a snapshot has a UUID of its own and no way out but its agent', async () => {
  const copy = await machine.copyAt('one')
  copy.identify('8f6d3c1e-2b7a-4d5e-9c0f-1a2b3c4d5e6f')
  await copy.start()
  await copy.guest.ready()
  assert.equal(await copy.guest.sql('SELECT a FROM kept.t'), '1')
  assert.equal((await copy.guest.run('cat /sys/class/dmi/id/product_uuid')).trim(), copy.guest.uuid)
  assert.equal((await runInContainer(copy.guest, 'ls /sys/class/net')).trim(), 'lo')
  await waitFor(async () => ((await copy.askAgent('guest-ping')) === undefined ? undefined : true), {
    ...{ what: 'the agent of the copy', timeoutMs: 30_000 },
  })
  await copy.guest.destroy()
  await machine.removeDiskSnapshot('virtio0', 'one')
  const info = await runCommand('qemu-img', ['snapshot', '-U', '-l', guest.diskPaths.vda], { timeoutMs: 30_000 })
  assert.equal(info, '')
})

test('paused it does nothing; without its cable nobody reaches it; it restarts and switches itself off', async () => {
  await guest.pause()
  assert.equal(await guest.power(), 'paused')
  assert.equal(
    (await guest.inside('true', { timeoutMs: 1_000 })).status,
    0,
    'a look from inside needs none of its processes',
  )
  assert.equal(await machine.askAgent('guest-ping'), undefined)
  await guest.resume()
  await guest.dropConnection()
  await guest.plugNetwork(false)
  assert.equal((await guest.inside('cat /sys/class/net/eth0/carrier')).stdout.trim(), '0')
  await guest.plugNetwork(true)
  const before = await boot()
  await guest.try('systemctl reboot')
  await guest.dropConnection()
  await waitFor(async () => ((await boot().catch(() => before)) === before ? undefined : true), {
    ...{ what: 'another boot', timeoutMs: 120_000 },
  })
  await guest.ready()
  await guest.pressPower()
  await waitFor(async () => ((await guest.power()) === 'shut off' ? true : undefined), {
    ...{ what: 'its own end', timeoutMs: 120_000 },
  })
})

test('a container by its looks has no firmware and no disks, and systemd says lxc', async () => {
  const container = await containerGuest('native-lxc', { looks: 'container' })
  try {
    assert.equal((await container.run('systemd-detect-virt')).trim(), 'lxc')
    assert.notEqual((await container.try('cat /sys/class/dmi/id/product_uuid')).status, 0)
    assert.notEqual((await container.try('ls /dev/vd*')).status, 0)
    assert.match(await container.run('findmnt --noheadings --output TARGET /srv/data'), /srv.data/)
    await container.run('systemctl reboot').catch(() => {})
    await container.dropConnection()
    await waitFor(async () => ((await container.try('uptime')).status === 0 ? true : undefined), {
      ...{ what: 'another boot', timeoutMs: 120_000 },
    })
    await container.ready()
  } finally {
    await container.destroy()
  }
})

/** A process of its own that makes a guest, says where its parts are, and waits. */
async function runner(name: string): Promise<{ child: ChildProcess; supervisor: number; loops: readonly string[] }> {
  const program = `import { containerGuest } from '${join(import.meta.dirname, 'container-guest.ts')}'
    const guest = await containerGuest('${name}')
    const loops = (await guest.run('cat /sys/class/block/vd?/dev')).trim().split('\\n')
    console.log(JSON.stringify({ folder: guest.folder, loops }))
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout! })) {
    const { folder, loops } = JSON.parse(line) as { folder: string; loops: string[] }
    return { child, supervisor: Number(await readFile(join(folder, 'supervisor.pid'), 'utf8')), loops }
  }
  throw new Error('the runner ended before its guest was there')
}

for (const who of ['runner', 'supervisor'] as const) {
  test(`nothing of a guest is left when its ${who} is killed`, async () => {
    const { child, supervisor, loops } = await runner(`killed-${who}`)
    try {
      if (who === 'runner') child.kill('SIGKILL')
      else process.kill(supervisor, 'SIGKILL')
      const folder = join(guest.folder, `../killed-${who}`)
      const left = async () => {
        const held = await Promise.all(loops.map((number) => isHeld(number, folder)))
        return existsSync(`/proc/${supervisor}/exe`) || held.includes(true) ? undefined : true
      }
      await waitFor(left, { what: 'the end of all of it', timeoutMs: 60_000 })
    } finally {
      child.kill('SIGKILL')
    }
  })
}

test('nothing of a guest is left that was frozen when its supervisor was killed, once another of its name is made', async () => {
  const { child, supervisor, loops } = await runner('killed-frozen')
  const other = join(guest.folder, '../killed-frozen')
  const isLeft = async () => (await Promise.all(loops.map((number) => isHeld(number, other)))).includes(true)
  try {
    const pid = (await readFile(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8')).trim()
    assert.notEqual(pid, '', 'the supervisor has processes')
    await freezeIn(pid.split(' ').map(Number))
    process.kill(supervisor, 'SIGKILL')
    await waitFor(async () => (existsSync(`/proc/${supervisor}`) ? undefined : true), {
      ...{ what: 'its end', timeoutMs: 30_000 },
    })
    await removeNative(other)
    await waitFor(async () => ((await isLeft()) ? undefined : true), {
      what: 'the end of its disks',
      timeoutMs: 60_000,
    })
  } finally {
    child.kill('SIGKILL')
  }
})

/** Freezes the data of the guest whose first process hangs on one of these. */
async function freezeIn(processes: readonly number[]): Promise<void> {
  for (const pid of processes) {
    const below = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim()
    if (below === '') continue
    await runCommand('fsfreeze', ['--freeze', `/proc/${below.split(' ')[0]}/root/srv/data`], { timeoutMs: 30_000 })
    return
  }
  throw new Error('no process of the guest was found')
}
