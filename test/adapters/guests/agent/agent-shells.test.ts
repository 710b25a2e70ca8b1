import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AgentShells } from '../../../../adapters/guests/agent/agent-shells.ts'
import { VirtualClock } from '../../../../adapters/system/fake/virtual-clock.ts'
import { StillshotError } from '../../../../src/errors.ts'
import type { AgentCommand, AgentCommandEnd, GuestAgent, Vm } from '../../../../src/hypervisor/hypervisor.ts'
import { hasCode } from '../../../conformance/guest-shell-subject.ts'

const VM: Vm = { hypervisor: 'kvm', nativeId: '1', name: 'copy', uuid: 'u', power: 'running', macs: [], disks: [] }
const TARGET = { vm: 'db1', host: 'agent of copy', port: 22, user: 'root' }
const nothing = async () => {}

function shells(exec: (command: AgentCommand) => Promise<AgentCommandEnd>, ping: GuestAgent['ping'] = nothing) {
  const agent: GuestAgent = { ping, freeze: nothing, thaw: nothing, exec: (_, command) => exec(command) }
  return new AgentShells({ clock: new VirtualClock({ auto: true }), agent, vm: VM })
}

const fails = (code: 'answer-lost' | 'hypervisor-refused') => async () => {
  throw new StillshotError(code, 'as told')
}

test('a command runs with its words and its input', async () => {
  const asked: AgentCommand[] = []
  const shell = await shells(async (command) => {
    asked.push(command)
    return { exitStatus: 3, stdout: 'out', stderr: 'err' }
  }).open(TARGET)
  const result = await shell.run(['/bin/x', 'a b'], { stdin: 'in' })
  assert.deepEqual(result, { exitStatus: 3, stdout: 'out', stderr: 'err' })
  assert.deepEqual(asked, [{ argv: ['/bin/x', 'a b'], stdin: 'in' }])
})

test('a guest whose agent does not answer is unreachable', async () => {
  const silent = shells(fails('answer-lost'), fails('hypervisor-refused'))
  await assert.rejects(silent.open(TARGET), hasCode('guest-unreachable'))
})

test('a lost answer may have run; a refusal is told as it is', async () => {
  const lost = await shells(fails('answer-lost')).open(TARGET)
  await assert.rejects(lost.run(['/bin/x']), (error) => {
    hasCode('guest-unreachable')(error)
    return (error as StillshotError).details.mayHaveRun === true
  })
  const refused = await shells(fails('hypervisor-refused')).open(TARGET)
  await assert.rejects(refused.run(['/bin/x']), hasCode('hypervisor-refused'))
})

test('who gives up gets the reason, and a closed shell runs nothing', async () => {
  const shell = await shells(() => new Promise(() => {})).open(TARGET)
  const reason = new Error('enough')
  await assert.rejects(shell.run(['/bin/x'], { signal: AbortSignal.abort(reason) }), reason)
  await assert.rejects(shell.run(['/bin/x'], { timeoutMs: 100 }), { name: 'DeadlineExceeded' })
  await shell.close()
  await assert.rejects(shell.run(['/bin/x']), hasCode('guest-unreachable'))
})

test('an agent that runs no programs is no way in', async () => {
  const agent: GuestAgent = { ping: nothing, freeze: nothing, thaw: nothing }
  const shell = await new AgentShells({ clock: new VirtualClock({ auto: true }), agent, vm: VM }).open(TARGET)
  await assert.rejects(shell.run(['/bin/x']), hasCode('not-supported'))
})
