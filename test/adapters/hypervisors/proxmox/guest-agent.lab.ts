// runs beside other labs
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AgentCommand, AgentCommandEnd } from '../../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../../src/system/clock.ts'
import type { Privilege } from '../../../labs/proxmox/access/privileges.ts'
import type { MemoryPrograms } from '../../../labs/proxmox/machines/memory-programs.ts'
import { withProxmox } from './open-proxmox.ts'

const PRIVILEGES = ['VM.Audit', 'VM.GuestAgent.Audit', 'VM.GuestAgent.FileSystemMgmt'] as const

test('the agent is asked, frozen and thawed, with the privileges of the manual', () =>
  withProxmox({ privileges: PRIVILEGES, config: { agent: '1' } }, async ({ hypervisor, machine, vm }) => {
    machine.agent = 'running'
    const { guestAgent } = hypervisor
    await guestAgent.ping(vm)
    await guestAgent.freeze(vm)
    assert.equal(machine.frozen, true)
    await guestAgent.thaw(vm)
    assert.equal(machine.frozen, false)
  }))

test('what the guest refuses inside a success is a refusal, and an agent that is not there one, too', () =>
  withProxmox({ privileges: PRIVILEGES, config: { agent: '1' } }, async ({ hypervisor, machine, vm }) => {
    const { guestAgent } = hypervisor
    await assert.rejects(guestAgent.ping(vm), { code: 'hypervisor-refused', message: /agent is not running/ })
    machine.agent = 'running'
    await guestAgent.freeze(vm)
    await assert.rejects(guestAgent.freeze(vm), { code: 'hypervisor-refused', message: /^.*freeze db1: .+/ })
    assert.equal(machine.frozen, true)
  }))

test('without the privilege it is named', () =>
  withProxmox({ config: { agent: '1' } }, async ({ hypervisor, machine, vm }) => {
    machine.agent = 'running'
    await assert.rejects(hypervisor.guestAgent.freeze(vm), { message: /VM\.GuestAgent/ })
    assert.equal(machine.frozen, false)
  }))

const UNRESTRICTED: readonly Privilege[] = ['VM.Audit', 'VM.GuestAgent.Unrestricted']

/** An agent that runs programs as the test has it. */
function withPrograms(
  run: MemoryPrograms['run'],
  body: (exec: (request: AgentCommand, options?: CallOptions) => Promise<AgentCommandEnd>) => Promise<void>,
): Promise<void> {
  return withProxmox({ privileges: UNRESTRICTED, config: { agent: '1' } }, async ({ hypervisor, machine, vm }) => {
    machine.agent = 'running'
    machine.programs.run = run
    await body((request, options) => hypervisor.guestAgent.exec(vm, request, options))
  })
}

test('a program gets its words and its input as they are, and its end comes back', () =>
  withPrograms(
    async ({ argv, stdin }) => {
      await new Promise((resolve) => setTimeout(resolve, 150))
      return { exitcode: 3, out: JSON.stringify(argv), err: stdin }
    },
    async (exec) => {
      const argv = ['/bin/sh', '-c', 'echo "a b"; é&;=ü', ' ', 'x=1']
      const stdin = 'first\nzweite Zeile: ß ✓\n'
      assert.deepEqual(await exec({ argv, stdin }), { exitStatus: 3, stdout: JSON.stringify(argv), stderr: stdin })
    },
  ))

test('a signal is 128 and its number, cut off output is refused, and so is too much input', () =>
  withPrograms(
    async ({ argv }) => (argv.length > 1 ? { exitcode: 0, out: 'x', truncated: true } : { signal: 9 }),
    async (exec) => {
      assert.deepEqual(await exec({ argv: ['/bin/a'] }), { exitStatus: 137, stdout: '', stderr: '' })
      await assert.rejects(exec({ argv: ['/bin/a', 'b'] }), {
        code: 'hypervisor-refused',
        message: /cut its output off/,
      })
      await assert.rejects(exec({ argv: ['/bin/a', ''] }), { code: 'hypervisor-refused', message: /empty words/ })
      const stdin = 'x'.repeat(65_537)
      await assert.rejects(exec({ argv: ['/bin/a'], stdin }), { code: 'hypervisor-refused', message: /65536 bytes/ })
    },
  ))

test('a program that does not end in time may still run: answer-lost, and it is started once', async () => {
  let started = 0
  const run = () => {
    started += 1
    return new Promise<never>(() => {})
  }
  await withPrograms(run, async (exec) => {
    await assert.rejects(exec({ argv: ['/bin/sleep'] }, { timeoutMs: 400 }), { code: 'answer-lost' })
    assert.equal(started, 1)
  })
})
