import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorWords, libvirtError } from '../../../../adapters/hypervisors/libvirt/libvirt-errors.ts'

/** Texts as libvirt 9.0 and 11.3 print them. */
const TEXTS = [
  ['operation failed: domain moment s1 already exists', 'snapshot-exists'],
  [
    'unsupported configuration: external snapshot file for disk vda already exists and is not a block device: /a',
    'snapshot-unsupported',
  ],
  ["Domain snapshot not found: no domain snapshot with matching name 'none'", 'snapshot-not-found'],
  ["failed to get domain 'none'", 'vm-not-found'],
  ['internal error: unable to execute QEMU command: No space left on device', 'storage-full'],
  [
    'Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainSnapshotCreateXML)',
    'vm-locked',
  ],
  ['qemu-img: Could not open \'a\': Failed to get "write" lock', 'vm-locked'],
  [
    "failed to connect to the hypervisor: Failed to connect socket to '/run/libvirt/libvirt-sock': No such file or directory",
    'hypervisor-unreachable',
  ],
  ['unsupported configuration: revert to external snapshot not supported yet', 'snapshot-unsupported'],
  ['internal error: something new', 'hypervisor-refused'],
] as const

for (const [words, code] of TEXTS) {
  test(`${words} is ${code}`, () => {
    const error = libvirtError('do it', words, true)
    assert.equal(error.code, code)
    assert.equal(error.message, `do it: ${words}`)
  })
}

test('a connection that breaks during a change is answer-lost, during a question unreachable', () => {
  const words = 'End of file while reading data: Input/output error'
  assert.equal(libvirtError('do it', words, true).code, 'answer-lost')
  assert.equal(libvirtError('do it', words, false).code, 'hypervisor-unreachable')
  const both = `something new: ${words}`
  assert.equal(libvirtError('do it', 'something new', true, both).code, 'answer-lost')
})

test('virsh’s words about reconnecting are no error, and several lines become one', () => {
  const noise = 'error: Disconnected from qemu:///system due to end of file\nerror: Reconnected to the hypervisor\n'
  assert.equal(errorWords(noise), '')
  assert.equal(errorWords('Warning: permanently added\n'), '')
  assert.equal(
    errorWords(`${noise}error: Failed to start domain\nerror: no such file\n\n`),
    'Failed to start domain: no such file',
  )
})
