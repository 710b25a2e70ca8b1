import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { labPaths } from '../labs/paths.ts'
import { refusalsOf } from './refusals.ts'
import { openSubject, type Subject } from './subject.ts'

/** What only the hypervisor knows. */
let subject: Subject
before(async () => {
  subject = await openSubject('refused-on-libvirt')
})
after(() => subject?.guest.destroy())

const { refused, withConfig } = refusalsOf(() => subject)

test('a VM that the hypervisor does not know', () =>
  withConfig(
    (text) => text.replace(subject.guest.domain, 'no-such-vm'),
    () => refused({ status: 22, code: 'vm-not-found', says: /no-such-vm/ }),
  ))

test('a table on a disk that no snapshot contains', async () => {
  const { guest, lab } = subject
  const image = join(guest.folder, 'shared.raw')
  const xml = join(guest.folder, 'shared.xml')
  await writeFile(image, Buffer.alloc(64 * 1024 * 1024))
  execFileSync('mkfs.ext4', ['-q', image])
  await writeFile(
    xml,
    `<disk type='file' device='disk' snapshot='no'><driver name='qemu' type='raw'/><source file='${image}'/><target dev='vdc' bus='virtio'/><serial>left-out</serial></disk>`,
  )
  await lab.virsh(['attach-device', guest.domain, xml, '--live'])
  await guest.run(
    'i=0; while [ ! -b /dev/vdc ] && [ $i -lt 100 ]; do sleep 0.2; i=$((i+1)); done; mkdir -p /srv/shared && mount /dev/vdc /srv/shared && install -d -o mysql /srv/shared/t',
  )
  await guest.sql(
    "CREATE DATABASE IF NOT EXISTS far; CREATE TABLE far.t (a INT) ENGINE=InnoDB DATA DIRECTORY='/srv/shared/t'",
  )
  try {
    await refused({ status: 41, code: 'preflight-refused', says: /vdc/ })
  } finally {
    await guest.sql('DROP DATABASE far')
    await guest.run('umount /srv/shared')
    await lab.virsh(['detach-device', guest.domain, xml, '--live'])
  }
})

test('no space for the overlay', async () => {
  const { guest, lab } = subject
  const { small } = labPaths()
  const xml = join(guest.folder, 'small.xml')
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', join(small, 'data.qcow2'), '8G'])
  await writeFile(
    xml,
    `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${small}/data.qcow2'/><target dev='vdd' bus='virtio'/></disk>`,
  )
  await lab.virsh(['attach-device', guest.domain, xml, '--live'])
  try {
    await refused({ status: 28, code: 'storage-full', says: /small/ })
  } finally {
    await lab.virsh(['detach-device', guest.domain, xml, '--live'])
    await rm(join(small, 'data.qcow2'))
  }
})

test('the SSH host is another machine than the VM', async () => {
  const { guest, lab } = subject
  const other = `${guest.domain}-other`
  const xml = join(guest.folder, 'other.xml')
  await writeFile(
    xml,
    `<domain type='qemu'><name>${other}</name><memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os><devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>`,
  )
  await lab.virsh(['create', xml])
  try {
    await withConfig(
      (text) => text.replace(`id: ${guest.domain}`, `id: ${other}`),
      () => refused({ status: 41, code: 'preflight-refused', says: /SMBIOS UUID/ }),
    )
  } finally {
    await lab.virsh(['destroy', other])
  }
})

test('a repository on the file system of the images of the VM, whatever else is wrong with it', async () => {
  const beside = `repositories:\n  beside: { kind: directory, path: ${labPaths().folder}, mount: false }\n`
  const says = /lies on the storage of the VM: .* are both on .*use a repository on another storage/s
  await withConfig(
    (text) =>
      text
        .replace(/^ {4}hold:/m, '    backup: { repository: beside }\n    hold:')
        .replace(/^state:/m, `${beside}state:`),
    () => refused({ status: 41, code: 'preflight-refused', says }, 'backup', subject.cli.vm),
  )
})

test('a VM that is off', async () => {
  const { guest, cli } = subject
  await guest.powerOff()
  const result = await cli.run('--json', 'snapshot', cli.vm)
  assert.match(result.stdout, /vm-not-running/)
  assert.equal(result.status, 23, result.stdout)
})
