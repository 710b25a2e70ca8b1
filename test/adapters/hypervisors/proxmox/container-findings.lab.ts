// runs beside other labs
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rejectsWith } from '../../../conformance/hypervisor/under-test.ts'
import { MemoryMachine } from '../../../labs/proxmox/machines/memory-machine.ts'
import { type OpenedProxmox, withProxmox } from './open-proxmox.ts'

const GIB = 1024 ** 3
const SPACE = { totalBytes: 100 * GIB, usedBytes: 20 * GIB }
const STORAGES = [
  { name: 'local', type: 'dir', ...SPACE },
  { name: 'tank', type: 'zfspool', ...SPACE },
] as const

const FIT = {
  hostname: 'ct1',
  net0: 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:02:00,type=veth',
  rootfs: 'tank:subvol-200-disk-0,size=1G',
  mp0: 'tank:subvol-200-disk-1,mp=/var/lib/mysql/,size=2G',
}

/** A container of this configuration, looked at. */
function withContainer(
  config: Readonly<Record<string, string>>,
  body: (opened: OpenedProxmox, vm: OpenedProxmox['vm']) => Promise<void>,
): Promise<void> {
  return withProxmox({ storages: STORAGES }, async (opened) => {
    opened.standIn.grant('stillshot@pve', '/storage', 'Datastore.Audit')
    const machine = new MemoryMachine(Object.keys(config).filter((key) => /^(rootfs|mp\d)$/.test(key)))
    opened.standIn.addGuest({ vmid: 200, kind: 'lxc', config, machine })
    await body(opened, await opened.hypervisor.findVm('200'))
  })
}

async function refusals({ hypervisor }: OpenedProxmox, vm: OpenedProxmox['vm'], quiesce = false) {
  const findings = await hypervisor.checkSnapshot(vm, { quiesce })
  return findings.filter(({ severity }) => severity === 'refuse').map(({ code, message }) => `${code}: ${message}`)
}

describe('what keeps a container out of a snapshot', () => {
  test('nothing, where every mount point is a volume that can', () =>
    withContainer(FIT, async (opened, vm) => {
      assert.deepEqual(await refusals(opened, vm), [])
      assert.deepEqual(
        vm.disks.map(({ id, mountPoint }) => [id, mountPoint?.path, mountPoint?.volume]),
        [
          ['rootfs', '/', 'subvol-200-disk-0'],
          ['mp0', '/var/lib/mysql', 'subvol-200-disk-1'],
        ],
      )
      assert.equal(await opened.hypervisor.countUuid(vm.uuid), 1)
    }))

  test('a folder of the node that is mounted into it is named', () =>
    withContainer({ ...FIT, mp1: '/srv/media,mp=/media' }, async (opened, vm) => {
      const [only, ...more] = await refusals(opened, vm)
      assert.match(only ?? '', /^disk-not-covered: disk mp1 is \/srv\/media of the node, mounted into the container/)
      assert.deepEqual(more, [])
      await rejectsWith('snapshot-unsupported', opened.hypervisor.createSnapshot(vm, { name: 's1', description: '' }))
    }))

  test('a raw file is named, with the way out', () =>
    withContainer({ ...FIT, mp0: 'local:200/vm-200-disk-1.raw,mp=/var/lib/mysql,size=2G' }, async (opened, vm) => {
      assert.match(String(await refusals(opened, vm)), /disk mp0 is a raw file on local.*such as ZFS or LVM-thin/)
    }))

  test('nobody freezes it from inside', () =>
    withContainer(FIT, async (opened, vm) => {
      assert.match(String(await refusals(opened, vm, true)), /^container: ct1 is a container/)
      const quiesced = { name: 's1', description: '', quiesce: true }
      await rejectsWith('hypervisor-refused', opened.hypervisor.createSnapshot(vm, quiesced))
      assert.deepEqual(await opened.hypervisor.listSnapshots(vm), [])
    }))

  test('one without a card is warned of', () =>
    withContainer({ hostname: 'ct1', rootfs: FIT.rootfs }, async ({ hypervisor }, vm) => {
      const warned = (await hypervisor.checkSnapshot(vm)).filter(({ code }) => code === 'no-uuid')
      assert.match(warned[0]?.message ?? '', /container without a network card/)
    }))

  test('the lock of a killed task is named with the command for containers', () =>
    withContainer(FIT, async ({ standIn, hypervisor }, vm) => {
      standIn.fault({ kind: 'kill', task: 'vzsnapshot', point: 'disk mp0' })
      const taken = hypervisor.createSnapshot(vm, { name: 's1', description: '' })
      await assert.rejects(taken, ({ hint }) => /pct unlock 200/.test(hint))
      const refusing = (await hypervisor.checkSnapshot(vm)).filter(({ severity }) => severity === 'refuse')
      assert.deepEqual(
        refusing.map(({ code, hint }) => [code, /pct unlock 200.*pct delsnapshot 200 s1 --force/.test(hint)]),
        [['stale-lock', true]],
      )
      standIn.unlock(200)
      await hypervisor.removeSnapshot(vm, 's1')
      assert.deepEqual(await hypervisor.listSnapshots(vm), [])
    }))
})
