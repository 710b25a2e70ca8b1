import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agentOf } from '../../src/cli/agent-of.ts'
import type { GuestAgent, GuestLogin, Hypervisor } from '../../src/hypervisor/hypervisor.ts'

const nothing = async () => {}
const AGENT: GuestAgent = { ping: nothing, freeze: nothing, thaw: nothing }
const TOOLS = { user: 'stillshot', password: 'file:tools' }
const secret = (reference: string, where: string) => async () => `${reference} at ${where}`

function hypervisor(parts: Partial<Hypervisor>): Hypervisor {
  return { name: 'h', ...parts } as Hypervisor
}

test('an agent that asks for no login is taken as it is', () => {
  const found = agentOf(hypervisor({ guestAgent: AGENT }), { name: 'db1', tools: TOOLS }, secret)
  assert.deepEqual(found, { agent: AGENT })
})

test('one that asks for a login gets that of the VM, by its reference', async () => {
  const logins: GuestLogin[] = []
  const guestPrograms = (login: GuestLogin) => {
    logins.push(login)
    return { ping: nothing, exec: async () => ({ exitStatus: 0, stdout: '', stderr: '' }) }
  }
  const { user } = agentOf(hypervisor({ guestPrograms }), { name: 'db1', tools: TOOLS }, secret)
  assert.deepEqual([user, logins[0]?.user], ['stillshot', 'stillshot'])
  assert.equal(await logins[0]?.password(), 'file:tools at vms.db1.tools.password')
  assert.throws(() => agentOf(hypervisor({ guestPrograms }), { name: 'db1', tools: undefined }, secret), {
    code: 'config-invalid',
    message: /vms\.db1\.tools/,
  })
})

test('a hypervisor without either is told so', () => {
  assert.throws(() => agentOf(hypervisor({}), { name: 'db1', tools: TOOLS }, secret), { code: 'not-supported' })
})
