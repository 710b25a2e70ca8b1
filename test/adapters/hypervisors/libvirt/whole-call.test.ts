import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { wait } from '../../../../adapters/hypervisors/libvirt/wait.ts'
import { wholeCall } from '../../../../adapters/hypervisors/libvirt/whole-call.ts'
import { rejectsWith } from '../../../conformance/hypervisor/under-test.ts'

test('a call over its limit is answer-lost when it changes something, else unreachable', async () => {
  const forEver = ({ signal }: { signal?: AbortSignal }) => wait(60_000, signal)
  await rejectsWith('answer-lost', wholeCall('change', { timeoutMs: 5 }, forEver))
  await rejectsWith('hypervisor-unreachable', wholeCall('question', { timeoutMs: 5 }, forEver))
  await rejectsWith('cancelled', wholeCall('change', { timeoutMs: 60_000, signal: AbortSignal.abort() }, forEver))
})

test('an error of a file is one of the table, with its path', async () => {
  const reading = wholeCall('change', undefined, () => readFile('/nowhere/image.qcow2'))
  await assert.rejects(reading, { code: 'hypervisor-refused', message: /\/nowhere\/image\.qcow2/ })
})

test('a call within its limit gives its answer', async () => {
  assert.equal(await wholeCall('question', { timeoutMs: 60_000 }, async () => 3), 3)
})
