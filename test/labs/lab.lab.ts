import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DISK_SERIALS } from './domain.ts'
import { type Lab, openLab } from './lab.ts'
import type { LabGuest } from './lab-guest.ts'
import { virshOf } from './virsh.ts'

let lab: Lab
let guest: LabGuest

before(async () => {
  lab = await openLab()
  guest = await lab.guest('lab-itself')
})

after(() => guest?.destroy())

test('a resumed guest answers SQL', async () => {
  assert.equal(await guest.sql('SELECT 1'), '1')
})

test('a resumed guest has the UUID that libvirt gives it, not that of the saved one', async () => {
  assert.equal((await guest.run('cat /sys/class/dmi/id/product_uuid')).trim(), guest.uuid)
  assert.equal((await virshOf(lab.uri).run(['domuuid', guest.domain])).trim(), guest.uuid)
})

test('the clock of a resumed guest is right', async () => {
  const before = Date.now()
  const inGuest = Number(await guest.run('date +%s%3N'))
  assert.ok(inGuest > before - 1000 && inGuest < Date.now() + 1000, `guest ${inGuest}, here ${before}`)
})

test('the disks have their serials, and the second one carries /srv/data', async () => {
  const disks = (await guest.run('lsblk --noheadings --raw --output NAME,SERIAL,MOUNTPOINT')).trim().split('\n')
  assert.deepEqual(disks, [`vda ${DISK_SERIALS.vda} /`, `vdb ${DISK_SERIALS.vdb} /srv/data`])
})

test('the unprivileged login has no right to become root', async () => {
  const refused = await guest.try('runuser -u stillshot -- sudo -n true')
  assert.equal(refused.status, 1)
})

test('nothing has failed in the guest', async () => {
  assert.equal(await guest.run('systemctl --failed --quiet --plain --no-legend'), '')
})

test('two guests stand beside each other', async () => {
  const other = await lab.guest('lab-beside')
  try {
    await other.sql('CREATE DATABASE beside')
    assert.notEqual(other.uuid, guest.uuid)
    assert.equal(await guest.sql("SHOW DATABASES LIKE 'beside'"), '')
  } finally {
    await other.destroy()
  }
})

test('a guest is found again by name, and is gone after destroy()', async () => {
  const same = await lab.find(guest.name)
  assert.equal(same?.uuid, guest.uuid)
  const short = await lab.guest('lab-short')
  await short.destroy()
  assert.equal(await lab.find('lab-short'), undefined)
  assert.equal((await virshOf(lab.uri).try(['dominfo', short.domain])).status, 1)
})

test('the guest goes on while its network is unplugged', async () => {
  await guest.plugNetwork(false)
  const cut = await guest.try('true', { timeoutMs: 3_000 })
  assert.notEqual(cut.status, 0)
  await guest.plugNetwork(true)
  await guest.ready(60_000)
})

test('what was written before a pulled plug is there after the boot', async () => {
  await guest.sql('CREATE DATABASE kept; CREATE TABLE kept.t (a INT) ENGINE=InnoDB; INSERT INTO kept.t VALUES (7)')
  await guest.powerOff()
  assert.equal(await guest.power(), 'shut off')
  await guest.powerOn()
  await guest.ready()
  assert.equal(await guest.sql('SELECT a FROM kept.t'), '7')
  assert.equal((await guest.run('cat /sys/class/dmi/id/product_uuid')).trim(), guest.uuid)
})
