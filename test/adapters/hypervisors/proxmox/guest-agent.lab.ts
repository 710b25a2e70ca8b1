import assert from 'node:assert/strict'
import { test } from 'node:test'
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
