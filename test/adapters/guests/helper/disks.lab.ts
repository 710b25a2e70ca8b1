// runs beside other labs
import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { ProbeAnswer } from '../../../../src/guest/protocol/answers.ts'
import { probeSchema } from '../../../../src/guest/protocol/probe-schema.ts'
import { openSandbox, type Sandbox, SHELLS, type ShellName } from './sandbox.ts'

interface Machine {
  /** Where the data directory's disk hangs in sysfs; its name is the last word. */
  readonly disk: string
  /** Type and options of the file system on it. */
  readonly mounted?: string
  readonly options?: string
  /** Files and directories below /sys and /proc, with their content. */
  readonly files?: Readonly<Record<string, string>>
}

const local = 'pci0000:00/0000:00:05.0/virtio2/host2/target2:0:0/2:0:0:0/block/sdb'

/** A guest whose disks and mounts are only files: root on vda, the data directory on a disk of its own. */
async function open(shell: ShellName, t: TestContext, machine: Machine): Promise<Sandbox> {
  const guest = await openSandbox(shell)
  t.after(() => guest.remove())
  const { mounted = 'ext4', options = 'rw', files = {} } = machine
  const name = machine.disk.split('/').at(-1) ?? ''
  for (const folder of ['class/block', 'dev/block', 'devices']) {
    await mkdir(join(guest.root, 'sys', folder), { recursive: true })
  }
  const disks = [
    ['vda', '254:0', 'pci0000:00/virtio1/block/vda'],
    [name, '8:16', machine.disk],
  ] as const
  for (const [disk, number, path] of disks) {
    const folder = join(guest.root, 'sys/devices', path)
    await mkdir(folder, { recursive: true })
    await symlink(folder, join(guest.root, 'sys/class/block', disk))
    await symlink(folder, join(guest.root, 'sys/dev/block', number))
  }
  const mounts = [
    '1 0 254:0 / / rw - ext4 /dev/vda rw',
    `2 1 8:16 / ${guest.root}/data rw,relatime shared:1 - ${mounted} /dev/${name} ${options}`,
  ]
  for (const [path, content] of Object.entries({ ...files, mountinfo: `${mounts.join('\n')}\n` })) {
    await mkdir(join(guest.root, path, '..'), { recursive: true })
    await writeFile(join(guest.root, path), content)
  }
  const helper = await guest.read('stillshot-guest')
  const own = helper.replace(/^SYS=.*$/m, `SYS=${guest.root}/sys`)
  await writeFile(
    join(guest.root, 'stillshot-guest'),
    own.replace('$PROC/self/mountinfo', join(guest.root, 'mountinfo')),
  )
  return guest
}

/** What the data directory's file system says that it lies on, and what could not be followed. */
async function lies(guest: Sandbox): Promise<readonly [readonly string[], string | null] | undefined> {
  const { fileSystems } = await guest.answer<ProbeAnswer>(probeSchema, 'probe', 'mysql')
  const found = fileSystems.find(({ target }) => target === join(guest.root, 'data'))
  return found && [found.disks.map(({ name }) => name), found.unresolved]
}

const nvme = 'pci0000:00/0000:00:04.0/nvme/nvme0/nvme0n1'
const shared = 'virtual/nvme-subsystem/nvme-subsys0/nvme0n1'

const MACHINES: readonly (readonly [string, Machine, readonly [readonly string[], string | null]])[] = [
  ['a disk of the hypervisor is resolved', { disk: local }, [['sdb'], null]],
  [
    'a log of XFS on another device is not',
    { disk: local, mounted: 'xfs', options: 'rw,attr2,logdev=/dev/sdc' },
    [['sdb'], 'xfs:logdev'],
  ],
  [
    'a real-time section of XFS is not',
    { disk: local, mounted: 'xfs', options: 'rw,rtdev=/dev/sdc' },
    [['sdb'], 'xfs:rtdev'],
  ],
  [
    'a journal in the options is not',
    { disk: local, options: 'rw,journal_path=/dev/sdc' },
    [['sdb'], 'ext4:journal_dev'],
  ],
  [
    'a journal on another device is not',
    { disk: local, files: { 'proc/fs/jbd2/dm-0/info': '' } },
    [['sdb'], 'ext4:journal_dev'],
  ],
  [
    "another file system's journal does not matter",
    {
      disk: local,
      files: { 'proc/fs/jbd2/sdb-8/info': '', 'proc/fs/jbd2/sdc/info': '', 'proc/fs/jbd2/dm-1-8/info': '' },
    },
    [['sdb'], null],
  ],
  ['iSCSI is not', { disk: 'platform/host3/session1/target3:0:0/3:0:0:0/block/sdb' }, [[], 'sdb']],
  ['Fibre Channel is not', { disk: 'pci0000:00/host4/rport-4:0-1/target4:0:0/4:0:0:0/block/sdb' }, [[], 'sdb']],
  [
    'NVMe on the bus is',
    { disk: nvme, files: { [`sys/devices/${nvme}/device/transport`]: 'pcie\n' } },
    [['nvme0n1'], null],
  ],
  [
    'NVMe over fabrics is not',
    { disk: nvme, files: { [`sys/devices/${nvme}/device/transport`]: 'tcp\n' } },
    [[], 'nvme0n1'],
  ],
  [
    'NVMe over fabrics under a shared name is not',
    { disk: shared, files: { [`sys/devices/${shared}/device/nvme1/transport`]: 'rdma\n' } },
    [[], 'nvme0n1'],
  ],
  [
    'a replicated device is not, though its own disk is below it',
    { disk: 'virtual/block/drbd0', files: { 'sys/devices/virtual/block/drbd0/slaves/vda': '' } },
    [[], 'drbd0'],
  ],
  ['a network block device is not', { disk: 'virtual/block/nbd0' }, [[], 'nbd0']],
  ['a device of Ceph is not', { disk: 'rbd/0/block/rbd0' }, [[], 'rbd0']],
  ['memory is not', { disk: 'virtual/block/zram0' }, [[], 'zram0']],
]

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`what lies under the data directory, under ${shell}`, () => {
    for (const [name, machine, expected] of MACHINES) {
      test(name, async (t) => assert.deepEqual(await lies(await open(shell, t, machine)), expected))
    }
  })
}
