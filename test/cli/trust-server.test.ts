import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRORS } from '../../src/errors.ts'
import type { ServerIdentity } from '../../src/hypervisor/known-server.ts'
import { run } from './fake-app.ts'

const OLD: ServerIdentity = { product: 'vCenter', id: 'aaaa' }
const NEW: ServerIdentity = { product: 'vCenter', id: 'bbbb' }

function serverOf(seen: ServerIdentity, known?: ServerIdentity) {
  const accepted: ServerIdentity[] = []
  const server = {
    answering: async () => seen,
    known: async () => known,
    accept: async (each: ServerIdentity) => void accepted.push(each),
  }
  return { accepted, server }
}

test('a server is recorded only when it was compared, confirmed or told to', async () => {
  const { accepted, server } = serverOf(NEW)
  const unseen = await run(['trust-server', 'kvm'], { server })
  assert.equal(unseen.status, ERRORS.usage.exit)
  assert.match(unseen.err, /--id bbbb/)
  const wrong = await run(['trust-server', 'kvm', '--id', 'aaaa'], { server })
  assert.equal(wrong.status, ERRORS['server-changed'].exit)
  const no = await run(['trust-server', 'kvm'], { server, interactive: true, prompts: { confirm: async () => false } })
  assert.equal(no.status, ERRORS.cancelled.exit)
  assert.deepEqual(accepted, [])
  assert.equal((await run(['trust-server', 'kvm', '--id', 'BBBB'], { server })).status, 0)
  assert.equal((await run(['trust-server', 'kvm', '--yes'], { server })).status, 0)
  assert.deepEqual(accepted, [NEW, NEW])
})

test('a server takes the place of another one only with --replace, and the known one changes nothing', async () => {
  const { accepted, server } = serverOf(NEW, OLD)
  const refused = await run(['trust-server', 'kvm', '--yes'], { server })
  assert.equal(refused.status, ERRORS['server-changed'].exit)
  assert.match(refused.err, /vCenter bbbb, and was vCenter aaaa/)
  assert.equal((await run(['trust-server', 'kvm', '--yes', '--replace'], { server })).status, 0)
  const same = serverOf(OLD, OLD)
  assert.equal((await run(['trust-server', 'kvm'], { server: same.server })).status, 0)
  assert.deepEqual([accepted, same.accepted], [[NEW], []])
})

test('a hypervisor whose servers do not tell who they are is told so', async () => {
  assert.equal((await run(['trust-server', 'kvm'])).status, ERRORS['not-supported'].exit)
})
