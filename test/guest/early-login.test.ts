import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeShells } from '../../adapters/guests/fake/fake-shells.ts'
import { StillshotError } from '../../src/errors.ts'
import { EarlyLogin } from '../../src/guest/early-login.ts'
import { makeWorld } from '../world/world.ts'

const TARGET = { vm: 'db1', host: 'db1.example', port: 22, user: 'root' }

function early(signal?: AbortSignal, fault: { delayMs?: number; error?: StillshotError } = {}) {
  const { clock } = makeWorld()
  const program = () => ({ exitStatus: 0, stdout: '', stderr: '' })
  const shells = new FakeShells({ clock, program })
  shells.faultNextOpen(fault)
  return { shells, clock, login: new EarlyLogin((within) => shells.open(TARGET, { signal: within }), signal) }
}

describe('a login that was begun early', () => {
  test('is the caller’s once it is taken', async () => {
    const { login, shells } = early()
    assert.equal((await login.take()).open, true)
    assert.equal(shells.openCount, 1)
  })

  test('that failed fails whoever takes it, and nobody else', async () => {
    const { login } = early(undefined, { error: new StillshotError('guest-unreachable', 'nobody there') })
    await new Promise(setImmediate)
    await assert.rejects(login.take(new AbortController().signal), { code: 'guest-unreachable' })
    await login.end()
  })

  test('leaves no connection behind when nobody takes it', async () => {
    const { login, shells } = early()
    await new Promise(setImmediate)
    assert.equal(shells.openCount, 1)
    await login.end()
    assert.equal(shells.openCount, 0)
  })

  test('is given up when its owner is cancelled, and when whoever takes it is', async () => {
    const owner = new AbortController()
    const first = early(owner.signal, { delayMs: 60_000 })
    owner.abort(new Error('cancelled'))
    await assert.rejects(first.login.take(), /cancelled/)
    const taker = new AbortController()
    const second = early(undefined, { delayMs: 60_000 })
    const taken = second.login.take(taker.signal)
    taker.abort(new Error('late'))
    await assert.rejects(taken, /late/)
    await second.login.end()
    assert.deepEqual([first.shells.openCount, second.shells.openCount], [0, 0])
  })
})
