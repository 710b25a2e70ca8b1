import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isPinned, readFingerprint } from '../../../../adapters/https/fingerprint.ts'
import { byHand } from '../../../../adapters/hypervisors/proxmox/by-hand.ts'
import { readDescription, writeDescription } from '../../../../adapters/hypervisors/proxmox/description.ts'
import { answerError, codeOf, taskError } from '../../../../adapters/hypervisors/proxmox/proxmox-errors.ts'
import { isSuccess, nodeOfTask, pauseAfter } from '../../../../adapters/hypervisors/proxmox/task.ts'
import {
  drivesOf,
  hasAgent,
  macsOf,
  sizeOf,
  storageOf,
  uuidOf,
  volumesOf,
} from '../../../../adapters/hypervisors/proxmox/vm-config.ts'
import { wirePath, wireRequest } from '../../../../adapters/hypervisors/proxmox/wire.ts'
import { type ErrorCode, StillshotError } from '../../../../src/errors.ts'

describe('what Proxmox VE says', () => {
  const ends: readonly (readonly [words: string, code: ErrorCode])[] = [
    ['VM is locked (snapshot)', 'vm-locked'],
    ["can't lock file '/var/lock/qemu-server/lock-103.conf' - got timeout", 'vm-locked'],
    ['Failed to obtain guest migration lock - replication running?', 'vm-locked'],
    ["snapshot name 'x' already used", 'snapshot-exists'],
    ['snapshot feature is not available', 'snapshot-unsupported'],
    ["snapshot 'x' does not exist", 'snapshot-not-found'],
    ["can't rollback, 'x' is not most recent snapshot on 'local-zfs:vm-100-disk-0'", 'not-supported'],
    ["Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist", 'vm-not-found'],
    ['something new', 'hypervisor-refused'],
  ]
  for (const [words, code] of ends) test(`${words}: ${code}`, () => assert.equal(codeOf(words), code))

  test('a killed task names what to type', () => {
    const error = taskError('take snapshot', 'unexpected status', { upid: 'UPID:…', vmid: '100' })
    assert.equal(error.code, 'hypervisor-refused')
    assert.match(error.hint, /qm unlock 100/)
  })

  test('only OK and warnings are success', () => {
    const good = ['OK', 'WARNINGS: 1', 'WARNINGS: 12']
    const bad = ['', 'ok', 'OK ', 'WARNINGS: x', 'unexpected status', 'not OK']
    assert.deepEqual([...good, ...bad].filter(isSuccess), good)
  })

  const request = { doing: 'do it', change: true, who: 'the token t' }
  test('errors of answers: by status, body and reason', () => {
    const told = (status: number, reason: string, text = '', change = true) => {
      const { code, message } = answerError({ status, reason, text }, { ...request, change })
      return [code, message]
    }
    assert.deepEqual(told(401, 'No ticket'), [
      'hypervisor-refused',
      'do it: No ticket (Proxmox VE did not accept the token t)',
    ])
    assert.deepEqual(told(500, 'first line', '{"data":null,"message":"VM is locked (backup)\\n"}'), [
      'vm-locked',
      'do it: VM is locked (backup)',
    ])
    assert.deepEqual(
      told(400, 'Parameter verification failed.', '{"message":"Bad.\\n","errors":{"a":"b"}}')[1],
      'do it: Bad.; a: b',
    )
    assert.deepEqual(told(501, 'Method not implemented', 'plain text')[1], 'do it: Method not implemented')
    for (const status of [596, 597, 599]) {
      assert.equal(told(status, 'x')[0], 'answer-lost')
      assert.equal(told(status, 'x', '', false)[0], 'hypervisor-unreachable')
    }
    assert.equal(told(595, 'No route to host')[0], 'hypervisor-unreachable')
  })

  test('a missing privilege is named with its path', () => {
    const text = JSON.stringify({ data: null, message: 'Permission check failed (/vms/103, VM.Snapshot)\n' })
    const error = answerError({ status: 403, reason: '', text }, request)
    assert.match(error.hint, /the token t lacks VM.Snapshot on \/vms\/103/)
  })

  test('any answer gives an error of the table', () => {
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 999 }), fc.string(), fc.string(), (status, reason, text) => {
        assert.ok(answerError({ status, reason, text }, request) instanceof StillshotError)
      }),
      { numRuns: 200 },
    )
  })
})

describe('what Proxmox VE is told', () => {
  test('segments of paths are encoded', () => {
    assert.equal(
      wirePath('/api2/json/nodes/pve1/tasks/UPID:pve1:0:0:0:qmstart:100:u@pve!t:/status'),
      '/api2/json/nodes/pve1/tasks/UPID%3Apve1%3A0%3A0%3A0%3Aqmstart%3A100%3Au%40pve!t%3A/status',
    )
    assert.equal(wirePath('/a/b%2Fc'), '/a/b%2Fc')
  })

  test('parameters stand in the query of DELETE and GET, in the body of POST and PUT', () => {
    const parts = {
      path: '/p',
      headers: {},
      change: true,
      parameters: { force: true, n: 1, none: undefined, t: 'é &=' },
    }
    const form = 'force=1&n=1&t=%C3%A9+%26%3D'
    for (const method of ['GET', 'DELETE']) {
      const { path, body } = wireRequest({ ...parts, method })
      assert.deepEqual([path, body], [`/p?${form}`, undefined])
    }
    for (const method of ['POST', 'PUT']) {
      const { path, body, headers } = wireRequest({ ...parts, method })
      assert.deepEqual([path, body], ['/p', form])
      assert.equal(headers['content-type'], 'application/x-www-form-urlencoded')
    }
    assert.equal(wireRequest({ ...parts, parameters: {}, method: 'POST' }).body, '')
  })

  test('the first look at a task comes after 10 ms, later ones more slowly', () => {
    assert.deepEqual([0, 1_000, 5_000, 10_000, 50_000, 1_000_000].map(pauseAfter), [10, 20, 100, 200, 1_000, 2_000])
  })

  test('a task names its node', () => {
    assert.equal(nodeOfTask('UPID:pve-2:0000:0000:0000:qmstart:100:root@pam:'), 'pve-2')
    assert.throws(() => nodeOfTask('no task'), StillshotError)
  })

  test('by hand: qm on the node, and the way out of a lock', () => {
    const vm = { hypervisor: 'pve', nativeId: '100', name: 'db1', uuid: '', power: 'off', macs: [], disks: [] } as const
    assert.equal(byHand(vm, { node: 'pve2', kind: 'qemu' }, 'power-on', ''), 'qm start 100 # on node pve2')
    assert.match(
      byHand(vm, { node: undefined, kind: 'qemu' }, 'remove-snapshot', 's1'),
      /^qm delsnapshot 100 s1 # on the node of the VM; .*qm unlock 100/,
    )
    const container = { node: 'pve2', kind: 'lxc' } as const
    assert.equal(byHand(vm, container, 'power-on', ''), 'pct start 100 # on node pve2')
    assert.match(byHand(vm, container, 'roll-back', 's1'), /^pct rollback 100 s1 # on node pve2; .*pct unlock 100/)
  })
})

describe('descriptions on Proxmox VE', () => {
  const mark = { token: 't', state: 'begun', generation: 'g', pid: 1, uptime: 2, after: 'UPID:x' } as const

  test('every text comes back from a store that drops blanks at its end, with and without a mark', () => {
    const kept = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string(), fc.constantFrom(' ', 'a\n', 'a\u2060', '\n[x]'))
    fc.assert(
      fc.property(kept, (text) => {
        assert.deepEqual(readDescription(writeDescription({ text }).trimEnd()), { text })
        assert.deepEqual(readDescription(writeDescription({ text, mark }).trimEnd()), { text, mark })
      }),
    )
  })

  test('what only looks like a mark is text', () => {
    for (const text of [
      '[stillshot roll-back {]',
      'x\n[stillshot roll-back {}]',
      '[stillshot roll-back {"token":"a"} and more',
    ]) {
      assert.deepEqual(readDescription(text), { text })
    }
  })
})

describe('configurations of Proxmox VE', () => {
  const config = {
    scsihw: 'virtio-scsi-single',
    scsi10: 'local-lvm:vm-100-disk-3,size=4M',
    scsi2: 'file=local-lvm:vm-100-disk-1,iothread=1,size=32G,serial=a%20b',
    virtio0: 'local:100/vm-100-disk-0.qcow2,size=528K',
    ide2: 'local:iso/debian.iso,media=cdrom,size=600M',
    ide0: 'none,media=cdrom',
    efidisk0: 'local-lvm:vm-100-disk-2,efitype=4m,size=4M',
    unused0: 'local-lvm:vm-100-disk-9',
    net1: 'e1000=AA:BB:CC:00:00:02,bridge=vmbr1',
    net0: 'virtio=BC:24:11:00:01:00,bridge=vmbr0,firewall=1',
    smbios1: 'base64=1,uuid=5F6DD4D3-9F30-4D3E-8B6E-6A3C0D3F0100',
  }

  test('disks in order, without CD-ROMs, unused ones and the firmware’s', () => {
    const drives = drivesOf(config)
    assert.deepEqual(
      drives.map((drive) => [drive.id, storageOf(drive), sizeOf(drive)]),
      [
        ['virtio0', 'local', 528 * 1024],
        ['scsi2', 'local-lvm', 32 * 1024 ** 3],
        ['scsi10', 'local-lvm', 4 * 1024 ** 2],
      ],
    )
    assert.equal(volumesOf(config).at(-1)?.id, 'efidisk0')
  })

  test('UUID, network addresses and agent', () => {
    assert.equal(uuidOf(config), '5f6dd4d3-9f30-4d3e-8b6e-6a3c0d3f0100')
    assert.equal(uuidOf({}), '')
    assert.deepEqual(macsOf(config), ['bc:24:11:00:01:00', 'aa:bb:cc:00:00:02'])
    const agents = ['1', 'enabled=1,type=virtio', '0', 'enabled=0', undefined].map((agent) => hasAgent({ agent }))
    assert.deepEqual(agents, [true, true, false, false, false])
  })
})

describe('fingerprints', () => {
  const pairs = Array.from({ length: 32 }, (_, index) => index.toString(16).padStart(2, '0').toUpperCase()).join(':')

  test('pairs and base64, with and without the name of the algorithm', () => {
    const base64 = Buffer.from(pairs.replaceAll(':', ''), 'hex').toString('base64')
    for (const text of [pairs, `SHA256:${pairs}`, `SHA256:${base64}`, `SHA256:${base64.replace(/=+$/, '')}`]) {
      assert.equal(isPinned(readFingerprint(text, ''), pairs), true)
    }
    assert.equal(isPinned(readFingerprint(pairs, ''), pairs.replace('1F', '20')), false)
    assert.equal(isPinned(readFingerprint(pairs, ''), undefined), false)
  })

  test('anything else is refused', () => {
    for (const text of ['SHA256:…', 'SHA256:', pairs.slice(0, -3), 'SHA256:AAAA']) {
      assert.throws(() => readFingerprint(text, ''), StillshotError)
    }
  })
})
