// runs natively
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { runCommand } from '../command.ts'
import { containerGuest } from '../container/container-guest.ts'
import { containerOnProxmox } from '../container/container-on-proxmox.ts'
import type { NativeGuest } from '../container/native-guest.ts'
import { type AskOptions, ask, dataOf } from './ask.ts'
import type { LabStandIn } from './lab-stand-in.ts'
import type { Task } from './tasks/task.ts'

let guest: NativeGuest
let under: LabStandIn

before(async () => {
  guest = await containerGuest('pve-api')
  under = await containerOnProxmox(guest)
  under.standIn.grant('stillshot@pve', '/vms', 'VM.Audit', 'VM.Snapshot', 'VM.PowerMgmt', 'VM.GuestAgent.Unrestricted')
})

after(async () => {
  await under?.close()
  await guest?.destroy()
})

async function call(text: string, options: AskOptions = {}) {
  const headers = { Authorization: `PVEAPIToken=${(await readFile(under.tokenPath, 'utf8')).trim()}` }
  return ask(under.standIn, text.replace(' ', ` /nodes/pve1/qemu/${under.vmid}`), { ...options, headers })
}

async function task(text: string, options?: AskOptions): Promise<Task> {
  const upid = dataOf<string>(await call(text, options))
  const found = under.standIn.tasks().find((one) => one.upid === upid)
  assert.ok(found)
  await found.ended
  return found
}

test('the configuration has the UUID, the address and the serials that the guest itself sees', async () => {
  const config = dataOf<Record<string, string>>(await call('GET /config'))
  assert.equal(config.smbios1, `uuid=${(await guest.run('cat /sys/class/dmi/id/product_uuid')).trim()}`)
  const address = (await guest.run('cat /sys/class/net/eth0/address')).trim()
  assert.equal(config.net0, `virtio=${address.toUpperCase()},bridge=vmbr0`)
  const disks = (
    await guest.run('lsblk --nodeps --noheadings --raw --bytes --output SERIAL,SIZE /dev/vda /dev/vdb')
  ).trim()
  const [root, data] = disks.split('\n').map((line) => line.split(' '))
  assert.match(config.virtio0 ?? '', new RegExp(`,serial=${root?.[0]},size=`))
  assert.match(config.virtio1 ?? '', new RegExp(`,serial=${data?.[0]},size=`))
})

test('a snapshot of the running guest freezes, takes both disks, thaws, and the guest goes on', async () => {
  await guest.sql('CREATE DATABASE kept; CREATE TABLE kept.t (a INT); INSERT INTO kept.t VALUES (1)')
  const taken = await task('POST /snapshot', { form: { snapname: 'first', description: 'grade=pending' } })
  assert.equal(taken.exitStatus, 'OK', taken.lines.join('\n'))
  assert.deepEqual(taken.lines.slice(0, 2), [
    "snapshotting 'drive-virtio0' (local:100/vm-100-disk-0.qcow2)",
    "snapshotting 'drive-virtio1' (local:100/vm-100-disk-1.qcow2)",
  ])
  await guest.sql('INSERT INTO kept.t VALUES (2)')
  assert.equal(dataOf<{ qmpstatus: string }>(await call('GET /status/current')).qmpstatus, 'running')
})

test('freeze and thaw reach the guest, and a freeze while frozen is an error inside HTTP 200', async () => {
  const result = async (command: string) => dataOf<{ result: unknown }>(await call(`POST /agent/${command}`)).result
  assert.ok(Number(await result('fsfreeze-freeze')) >= 2)
  try {
    assert.equal(await result('fsfreeze-status'), 'frozen')
    const again = (await result('fsfreeze-freeze')) as { error?: { desc: string } }
    assert.match(again.error?.desc ?? '', /fsfreeze-freeze/)
  } finally {
    assert.ok(Number(await result('fsfreeze-thaw')) >= 2)
  }
})

test('a roll back brings the bytes back, and start=1 boots the guest', async () => {
  await task('POST /snapshot', { form: { snapname: 'second' } })
  const back = await task('POST /snapshot/first/rollback', { form: { start: '1' } })
  assert.equal(back.exitStatus, 'OK', back.lines.join('\n'))
  await guest.ready()
  assert.equal(await guest.sql('SELECT a FROM kept.t'), '1')
})

test('snapshots are removed from the images, running and off', async () => {
  await guest.run('sync')
  let removed = await task('DELETE /snapshot/second')
  while (/got timeout$/.test(removed.exitStatus ?? '')) removed = await task('DELETE /snapshot/second')
  assert.equal(removed.exitStatus, 'OK', removed.lines.join('\n'))
  assert.equal((await task('POST /status/stop')).exitStatus, 'OK')
  assert.equal((await task('DELETE /snapshot/first')).exitStatus, 'OK')
  assert.equal(under.standIn.guest(under.vmid).snapshots.size, 0)
  for (const image of Object.values(guest.diskPaths)) {
    assert.equal(await runCommand('qemu-img', ['snapshot', '-l', image], { timeoutMs: 30_000 }), '')
  }
})
