import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCloneMark, withMark } from '../../../../adapters/hypervisors/libvirt/clone-mark.ts'
import { cloneXml } from '../../../../adapters/hypervisors/libvirt/clone-xml.ts'
import { readDomain } from '../../../../adapters/hypervisors/libvirt/domain-xml.ts'

const DOMAIN = `<domain type='kvm' id='3' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>db1</name>
  <uuid>7b9d2c44-0a5e-4d2c-9a40-9a1b5cfe0001</uuid><genid>x</genid><title>the shop</title>
  <memory unit='KiB'>4194304</memory><currentMemory unit='KiB'>4194304</currentMemory><vcpu>2</vcpu>
  <sysinfo type='smbios'><system><entry name='uuid'>7b9d2c44-0a5e-4d2c-9a40-9a1b5cfe0001</entry><entry name='serial'>s</entry></system></sysinfo>
  <os><type>hvm</type><nvram template='/t.fd'>/var/db1.fd</nvram></os>
  <devices><emulator>/usr/bin/qemu</emulator>
    <disk type='file' device='disk'><driver type='raw'/><source file='/i/a.img'/><target dev='vda' bus='virtio'/><serial>first</serial></disk>
    <disk type='file' device='disk'><driver type='raw'/><source file='/i/b.img'/><target dev='vdb' bus='virtio'/></disk>
    <disk type='file' device='cdrom'><source file='/i/c.iso'/><target dev='sda' bus='sata'/></disk>
    <interface type='bridge'><mac address='52:54:00:00:00:01'/></interface><hostdev type='pci'/><filesystem type='mount'/>
    <graphics type='vnc' passwd='secret'/><serial type='file'><source path='/log'/><target port='0'/></serial>
    <channel type='unix'><source mode='bind' path='/run/db1.agent'/><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>
    <redirdev bus='usb' type='spicevmc'/><vsock><cid auto='yes'/></vsock></devices>
  <seclabel type='dynamic' model='apparmor'/><seclabel type='static' model='dac'><label>+0:+0</label></seclabel>
  <qemu:commandline><qemu:arg value='-netdev'/></qemu:commandline></domain>`
const SNAPSHOT = `<domainsnapshot><name>s1</name>${DOMAIN}</domainsnapshot>`
const MARK = { source: 'u1', snapshot: 's1', id: 'stillshot-1' }
const OVERLAYS = new Map([['vda', '/i/a.img.copy']])

const clone = (more: { memoryBytes?: number } = {}) =>
  cloneXml(SNAPSHOT, { name: 'stillshot-1', mark: MARK, overlays: OVERLAYS, ...more })

test('a copy has no way out of the machine and nothing of its VM’s identity', () => {
  const xml = clone()
  for (const part of [
    ...['interface', 'hostdev', 'filesystem', 'graphics', 'redirdev', 'vsock', 'qemu:', 'spice', 'genid', 'title'],
    ...['7b9d2c44', '/run/db1.agent', '/log', 'c.iso', '/var/db1.fd', 'dynamic', "id='3'"],
  ]) {
    assert.equal(xml.includes(part), false, part)
  }
  for (const part of ['org.qemu.guest_agent.0', '/t.fd', '+0:+0', "<serial type='null'>", "name='serial'"]) {
    assert.ok(xml.includes(part), part)
  }
})

test('a copy starts from its overlays; a disk that the snapshot lacks is not in it', () => {
  const xml = clone()
  assert.deepEqual(
    readDomain(xml).disks.map(({ target, image, format, serial }) => [target, image, format, serial]),
    [['vda', '/i/a.img.copy', 'qcow2', 'first']],
  )
})

test('memory is made less, never more', () => {
  assert.match(
    clone({ memoryBytes: 1024 ** 3 }),
    /<memory unit='KiB'>1048576<\/memory><currentMemory unit='KiB'>1048576</,
  )
  assert.match(clone({ memoryBytes: 8 * 1024 ** 3 }), /<memory unit='KiB'>4194304</)
})

test('the mark is read back; anybody else’s VM has none', () => {
  assert.deepEqual(readCloneMark(clone()), MARK)
  assert.equal(readCloneMark(DOMAIN), undefined)
  assert.equal(readCloneMark(clone().replaceAll('urn:stillshot:clone', 'urn:other')), undefined)
})

test('a kept copy is known under any name; what somebody makes out of it is none', () => {
  const defined = (xml: string, { name = 'stillshot-1', uuid = 'u2' }) =>
    xml.replace(/<name>stillshot-1<\/name><uuid>.{36}<\/uuid>/, `<name>${name}</name><uuid>${uuid}</uuid>`)
  const wanted = cloneXml(SNAPSHOT, { name: 'stillshot-1', mark: { ...MARK, as: 'rescue' }, overlays: OVERLAYS })
  const renamed = defined(wanted, { name: 'rescue' })
  assert.deepEqual(readCloneMark(renamed), { ...MARK, as: 'rescue' }, 'between its new name and its new mark')
  assert.equal(readCloneMark(defined(wanted, { name: 'other' })), undefined)
  const kept = withMark(renamed, { ...MARK, kept: 'u2' })
  assert.deepEqual(readCloneMark(kept), { ...MARK, kept: 'u2' })
  assert.deepEqual(readCloneMark(kept.replace('<name>rescue<', '<name>old-shop<')), { ...MARK, kept: 'u2' })
  assert.equal(readCloneMark(kept.replace('<uuid>u2<', '<uuid>u3<')), undefined)
})

test('only a copy that is kept has a console', () => {
  const xml = cloneXml(SNAPSHOT, { name: 'stillshot-1', mark: MARK, overlays: OVERLAYS, console: true })
  assert.match(xml, /<serial type='pty'>/)
})
