import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { GuestProgram } from '../../../../adapters/guests/fake/fake-shell.ts'
import { FakeShells } from '../../../../adapters/guests/fake/fake-shells.ts'
import { VirtualClock } from '../../../../adapters/system/fake/virtual-clock.ts'
import { NodeClock } from '../../../../adapters/system/node-clock.ts'
import { StillshotError } from '../../../../src/errors.ts'
import { testGuestShells } from '../../../conformance/guest-shell.ts'
import { type GuestUnderTest, hasCode, type RefusalCode } from '../../../conformance/guest-shell-subject.ts'

const target = { vm: 'db1', host: 'db1.example', port: 22, user: 'stillshot' }

/** The guest is this machine: the words go to the command as they are. */
const thisMachine: GuestProgram = (argv, stdin) =>
  new Promise((resolve) => {
    const child = spawn(argv[0] ?? '', argv.slice(1))
    const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (chunk) => output[name].push(chunk))
    child.stdin.on('error', () => {}).end(stdin)
    child.on('error', (error) => resolve({ exitStatus: 127, stdout: '', stderr: error.message }))
    child.on('close', (status, signal) => {
      const text = { stdout: Buffer.concat(output.stdout).toString(), stderr: Buffer.concat(output.stderr).toString() }
      resolve(signal === null ? { exitStatus: status ?? 127, ...text } : { exitStatus: undefined, signal, ...text })
    })
  })

let guest: GuestUnderTest
before(() => {
  const clock = new NodeClock()
  const shells = new FakeShells({ clock, program: thisMachine })
  const refusal = (code: RefusalCode) => {
    const error = new StillshotError(code, 'as told')
    return { shells: new FakeShells({ clock, program: thisMachine, openFault: () => ({ error }) }), target }
  }
  guest = {
    shells,
    target,
    folder: mkdtempSync(join(tmpdir(), 'fake-guest-')),
    refusals: {
      'guest-unreachable': refusal('guest-unreachable'),
      'host-key-unknown': refusal('host-key-unknown'),
      'host-key-changed': refusal('host-key-changed'),
      'guest-login-refused': refusal('guest-login-refused'),
    },
    cut: async () => shells.cut(),
    connections: async () => shells.openCount,
  }
})
after(() => rmSync(guest.folder, { recursive: true }))

testGuestShells('fake', () => guest)

describe('the fake guest’s faults', () => {
  const done: string[] = []
  const program: GuestProgram = ([word = '']) => {
    done.push(word)
    return { exitStatus: 0, stdout: word, stderr: '' }
  }

  test('a lost request is never worked on, a lost answer is', async () => {
    const shells = new FakeShells({ clock: new VirtualClock(), program })
    shells.faultNextRun({ lose: 'request' })
    shells.faultNextRun({ lose: 'answer' })
    for (const word of ['never', 'worked']) {
      const shell = await shells.open(target)
      await assert.rejects(shell.run([word]), hasCode('guest-unreachable'))
      assert.equal(shell.open, false)
    }
    assert.deepEqual(done.splice(0), ['worked'])
  })

  test('a delayed request arrives though its caller has given up', async () => {
    const clock = new VirtualClock()
    const shells = new FakeShells({ clock, program })
    shells.faultNextRun({ delayMs: 500 })
    const shell = await shells.open(target)
    const result = assert.rejects(shell.run(['late'], { timeoutMs: 100 }), { name: 'DeadlineExceeded' })
    await clock.advance(499)
    await result
    assert.deepEqual(done, [])
    await clock.advance(1)
    assert.deepEqual(done.splice(0), ['late'])
  })

  test('a delayed connection comes when the clock says so', async () => {
    const clock = new VirtualClock()
    const shells = new FakeShells({ clock, program })
    shells.faultNextOpen({ delayMs: 3_000 })
    const opening = shells.open(target)
    await clock.advance(2_999)
    assert.equal(shells.openCount, 0)
    await clock.advance(1)
    assert.equal((await opening).open, true)
  })

  test('faults can be chosen by the command', async () => {
    const shells = new FakeShells({
      clock: new VirtualClock(),
      program,
      runFault: ([word]) => (word === 'bad' ? { lose: 'request' } : undefined),
    })
    const shell = await shells.open(target)
    assert.equal((await shell.run(['good'])).stdout, 'good')
    await assert.rejects(shell.run(['bad']), hasCode('guest-unreachable'))
  })
})
