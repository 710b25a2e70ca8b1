import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guestExec } from '../../../../adapters/hypervisors/libvirt/guest-exec.ts'
import { rejectsWith } from '../../../conformance/hypervisor/under-test.ts'
import { fakeHost, VM } from './fake-session.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** An agent that answers the start with process 7, and then these, in order. */
function agent(...answers: readonly (object | Error)[]) {
  const left = [...answers]
  return fakeHost((command) => {
    if (command.includes('"guest-exec"')) return '{"return":{"pid":7}}'
    const next = left.shift()
    if (next instanceof Error || next === undefined) throw next ?? new Error('asked too often')
    return JSON.stringify({ return: next })
  })
}

test('runs the words as they are, with standard input, and gives what came of it', async () => {
  const end = { exited: true, exitcode: 3, 'out-data': base64('é\n'), 'err-data': base64('no') }
  const { host, sent } = agent({ exited: false }, end)
  const result = await guestExec(host, VM, { argv: ['/bin/x', 'a b', 'é\n\u0085'], stdin: 'secret\n' }, {})
  assert.deepEqual(result, { exitStatus: 3, stdout: 'é\n', stderr: 'no' })
  const [first = ''] = sent
  assert.match(first, /^[\x20-\x7e]+$/)
  assert.deepEqual(JSON.parse(first.slice(first.indexOf('{'))).arguments, {
    ...{ path: '/bin/x', arg: ['a b', 'é\n\u0085'], 'input-data': base64('secret\n'), 'capture-output': true },
  })
})

test('a signal counts as a shell counts it', async () => {
  const { host } = agent({ exited: true, signal: 9 })
  assert.equal((await guestExec(host, VM, { argv: ['/bin/x'] }, {})).exitStatus, 137)
})

test('output that was cut off is no answer', async () => {
  const { host } = agent({ exited: true, exitcode: 0, 'out-data': '', 'out-truncated': true })
  await rejectsWith('hypervisor-refused', guestExec(host, VM, { argv: ['/bin/x'] }, {}))
})

test('a question that fails is asked again; one that always fails leaves the end unknown', async () => {
  const busy = new Error('busy')
  const { host } = agent(busy, { exited: true, exitcode: 0 })
  assert.equal((await guestExec(host, VM, { argv: ['/bin/x'] }, {})).exitStatus, 0)
  const silent = agent(busy, busy, busy, busy, busy)
  await rejectsWith('answer-lost', guestExec(silent.host, VM, { argv: ['/bin/x'] }, {}))
})

test('who gives up learns that it may still run', async () => {
  const { host } = agent({ exited: false })
  const cancel = new AbortController()
  const result = rejectsWith('answer-lost', guestExec(host, VM, { argv: ['/bin/x'] }, { signal: cancel.signal }))
  cancel.abort()
  await result
})
