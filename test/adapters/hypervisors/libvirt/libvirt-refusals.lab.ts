import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { LibvirtHypervisor } from '../../../../adapters/hypervisors/libvirt/libvirt-hypervisor.ts'
import { readAll, rejectsWith, snapshotOf, writeAll } from '../../../conformance/hypervisor/under-test.ts'
import { ensureLibvirt } from '../../../labs/libvirt.ts'
import { labPaths } from '../../../labs/paths.ts'
import { type LibvirtUnderTest, openLibvirt } from './open-libvirt.ts'
import type { TinyVmOptions } from './tiny-vm.ts'

const run = promisify(execFile)

describe('libvirt: what cannot be covered or merged', () => {
  refusal('a shareable disk is not covered, and checkSnapshot() refuses with the way out', shareable, {
    thirdDisk: '<shareable/>',
  })
  refusal('a removal is refused while another image that libvirt does not know stands on the snapshot', foreignOverlay)
  refusal('a roll back keeps a clone that stands on a frozen image', clone)
  refusal('a clone made while a removal waits is not taken for the end of its merge', cloneMeanwhile)
  refusal('a snapshot that libvirt refuses is told in libvirt’s words', overlayInTheWay)
  refusal('what a guest writes into its raw disk names no other file of the host', forgedHeader, {
    secondFormat: 'raw',
  })
  refusal('a roll back is refused while a saved memory image waits', savedMemory)
  refusal('a snapshot of others with memory inside the image is listed and can be removed', internal)
  refusal('a block job under way refuses the snapshot with vm-locked', blockJob)
})

/** The daemon of another mount name space does not see what a test mounts. */
const elsewhere = process.env.STILLSHOT_LIBVIRT_URI !== undefined && 'libvirt runs in another mount name space'

test('too little free space beside the images refuses with storage-full', { skip: elsewhere }, async () => {
  await ensureLibvirt(labPaths())
  const under = await openLibvirt({ parent: labPaths().small })
  const findings = await under.hypervisor.checkSnapshot(under.vm)
  await under.close()
  const refusals = findings.filter((finding) => finding.severity === 'refuse')
  assert.deepEqual(
    refusals.map(({ code, error }) => [code, error]),
    [['space', 'storage-full']],
  )
  assert.match(refusals[0]?.message ?? '', /only 4\d MiB free in .*, 128 MiB needed/)
})

describe('libvirt: other machines', () => {
  test('a host that does not answer is hypervisor-unreachable, with libvirt’s own words', async () => {
    const hypervisor = new LibvirtHypervisor({ name: 'kvm', uri: 'qemu:///system?socket=/nowhere/libvirt-sock' })
    await assert.rejects(hypervisor.check(), { code: 'hypervisor-unreachable', message: /nowhere/ })
    await rejectsWith('hypervisor-unreachable', hypervisor.findVm('db1'))
    await hypervisor.close()
  })

  test('a host without virsh is hypervisor-unreachable', async () => {
    const hypervisor = new LibvirtHypervisor({ name: 'kvm', uri: 'qemu:///system', program: '/nowhere/virsh' })
    await rejectsWith('hypervisor-unreachable', hypervisor.check())
    await hypervisor.close()
  })
})

function refusal(
  sentence: string,
  body: (under: LibvirtUnderTest) => Promise<void>,
  options: Omit<TinyVmOptions, 'uri' | 'parent'> = {},
): void {
  test(sentence, { timeout: 120_000 }, async () => {
    const under = await openLibvirt(options)
    try {
      await body(under)
    } finally {
      await under.close()
    }
  })
}

async function shareable({ hypervisor, vm }: LibvirtUnderTest): Promise<void> {
  const disk = vm.disks.find((one) => one.id === 'vdc')
  assert.equal(disk?.covered, false)
  assert.match(disk?.uncoveredReason ?? '', /shareable.*remove <shareable\/>/)
  const refusals = (await hypervisor.checkSnapshot(vm)).filter((finding) => finding.severity === 'refuse')
  assert.deepEqual(
    refusals.map(({ code, error }) => [code, error]),
    [['disk-not-covered', 'snapshot-unsupported']],
  )
}

async function foreignOverlay(under: LibvirtUnderTest): Promise<void> {
  await snapshotOf(under, 's1', 1)
  // The same folder by another path: what stands on an image is a matter of files, not of names.
  const link = `${under.tiny.folder}-link`
  await symlink(under.tiny.folder, link)
  const base = join(link, 'vda.img')
  const foreign = join(under.tiny.folder, 'foreign.qcow2')
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, foreign])
  await rejectsWith('snapshot-has-branches', under.hypervisor.removeSnapshot(under.vm, 's1'))
  assert.equal((await under.hypervisor.listSnapshots(under.vm))[0]?.complete, true)
  await rm(link)
  await rm(foreign)
  await under.hypervisor.removeSnapshot(under.vm, 's1')
  assert.deepEqual(await under.tiny.files(), ['vda.img', 'vdb.img'])
}

async function clone(under: LibvirtUnderTest): Promise<void> {
  await snapshotOf(under, 's1', 1)
  const drill = join(under.tiny.folder, 'drill.qcow2')
  const base = join(under.tiny.folder, 'vda.img')
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, drill])
  await under.hypervisor.rollBack(under.vm, { snapshotName: 's1', token: 'one' })
  assert.ok((await under.tiny.files()).includes('drill.qcow2'))
  assert.equal(await readAll(under), 1)
}

async function cloneMeanwhile(under: LibvirtUnderTest): Promise<void> {
  const { tiny, hypervisor, vm } = under
  await snapshotOf(under, 's1', 1)
  await writeAll(under, 2)
  await under.stop()
  const [base, foreign] = [join(tiny.folder, 'vda.img'), join(tiny.folder, 'foreign.qcow2')]
  const tops = { vda: await tiny.image('vda'), vdb: await tiny.image('vdb') }
  const plan = Object.entries(tops).map(([disk, top]) => [disk, { top, above: [], committed: false }])
  await hypervisor.describeSnapshot(vm, 's1', `[removal under way ${JSON.stringify(Object.fromEntries(plan))}] mine`)
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, foreign])
  await rejectsWith('snapshot-has-branches', hypervisor.removeSnapshot(vm, 's1'))
  assert.equal(await readAll(under), 2)
  await rm(foreign)
  await hypervisor.removeSnapshot(vm, 's1')
  assert.equal(await readAll(under), 2)
  assert.deepEqual(await tiny.files(), ['vda.img', 'vdb.img'])
}

async function overlayInTheWay({ tiny, hypervisor, vm }: LibvirtUnderTest): Promise<void> {
  const inTheWay = join(tiny.folder, 'vda.img.s1')
  await writeFile(inTheWay, 'theirs')
  const taken = hypervisor.createSnapshot(vm, { name: 's1', description: '' })
  await assert.rejects(taken, {
    code: 'snapshot-unsupported',
    message: /already exists and is not a block device: \S+$/,
  })
  await rm(inTheWay)
}

/** A qcow2 header over a file of the host, as a guest could write it into the first sectors of its disk. */
async function forgedHeader(under: LibvirtUnderTest): Promise<void> {
  const { tiny, hypervisor, vm } = under
  await under.stop()
  const [raw, forged] = [join(tiny.folder, 'vdb.img'), join(tiny.folder, 'forged.qcow2')]
  const { size } = await stat(raw)
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', '/etc/hostname', forged, String(size)])
  const content = Buffer.concat([await readFile(forged), Buffer.alloc(size)]).subarray(0, size)
  await rm(forged)
  await writeFile(raw, content)
  for (const token of ['one', 'two']) {
    await hypervisor.createSnapshot(vm, { name: token, description: '' })
    await hypervisor.rollBack(vm, { snapshotName: token, token })
    const { stdout } = await run('qemu-img', [
      'info',
      '-U',
      '--backing-chain',
      '--output=json',
      await tiny.image('vdb'),
    ])
    assert.ok(!stdout.includes('hostname'), stdout)
  }
  await hypervisor.removeSnapshot(vm, 'one')
  await hypervisor.removeSnapshot(vm, 'two')
  assert.equal(Buffer.compare(await readFile(raw), content), 0)
  assert.match(await tiny.virsh('dumpxml', tiny.uuid), /type='raw'/)
  assert.deepEqual(await tiny.files(), ['vda.img', 'vdb.img'])
}

async function savedMemory(under: LibvirtUnderTest): Promise<void> {
  await snapshotOf(under, 's1', 1)
  await under.tiny.virsh('managedsave', under.tiny.uuid)
  const findings = await under.hypervisor.checkRollBack(under.vm, 's1')
  assert.ok(findings.some((finding) => finding.severity === 'refuse' && finding.code === 'memory-saved'))
  await rejectsWith('vm-locked', under.hypervisor.rollBack(under.vm, { snapshotName: 's1', token: 'one' }))
}

async function internal(under: LibvirtUnderTest): Promise<void> {
  await under.tiny.virsh('snapshot-create-as', under.tiny.uuid, 'theirs')
  const [snapshot] = await under.hypervisor.listSnapshots(under.vm)
  assert.equal(snapshot?.name, 'theirs')
  assert.deepEqual(snapshot?.disks, ['vda', 'vdb'])
  assert.equal(snapshot?.memory, true)
  await rejectsWith(
    'snapshot-unsupported',
    under.hypervisor.rollBack(under.vm, { snapshotName: 'theirs', token: 'one' }),
  )
  assert.equal(await under.hypervisor.power(under.vm), 'running')
  await under.hypervisor.removeSnapshot(under.vm, 'theirs')
  assert.deepEqual(await under.hypervisor.listSnapshots(under.vm), [])
}

async function blockJob(under: LibvirtUnderTest): Promise<void> {
  const { tiny, hypervisor, vm } = under
  await tiny.virsh('blockcopy', tiny.uuid, 'vda', join(tiny.folder, 'copy.img'), '--transient-job', '--wait')
  const refusals = (await hypervisor.checkSnapshot(vm)).filter((finding) => finding.severity === 'refuse')
  assert.deepEqual(
    refusals.map(({ code, error }) => [code, error]),
    [['block-job', 'vm-locked']],
  )
}
