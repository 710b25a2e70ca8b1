// runs beside other labs
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import { type Program, ProgramFailed, programText, streamProgram } from '../../../adapters/programs/stream-program.ts'
import { unnamedFile } from '../../../adapters/programs/unnamed-file.ts'
import { waitFor } from '../../labs/wait-for.ts'

const environment = { PATH: '/usr/bin:/bin' }

function sh(script: string, more: Partial<Program> = {}): Program {
  return { name: 'sh', words: ['-c', script], environment, ...more }
}

function isGone(group: number): boolean {
  try {
    process.kill(-group, 0)
    return false
  } catch {
    return true
  }
}

async function* chunks(count: number, bytes = 65_536): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield Buffer.alloc(bytes, index)
}

test('what goes in comes out, of any length', async () => {
  let bytes = 0
  for await (const chunk of streamProgram({ name: 'cat', words: [], environment, input: chunks(200) })) {
    bytes += chunk.length
  }
  assert.equal(bytes, 200 * 65_536)
})

test('a program that fails is told by its status and the end of its words', async () => {
  await assert.rejects(programText(sh('echo no >&2; exit 3')), (thrown: unknown) => {
    assert.ok(thrown instanceof ProgramFailed)
    assert.deepEqual([thrown.exitStatus, thrown.stderr], [3, 'no\n'])
    return true
  })
})

test('a program that is not there fails, and does not wait', async () => {
  await assert.rejects(programText({ name: 'no-such-program', words: [], environment }), ProgramFailed)
})

test('an input that breaks ends the program before it sees an end of its input', async () => {
  const reason = new Error('the dump failed')
  async function* breaks() {
    yield Buffer.from('a part')
    throw reason
  }
  const whole = await unnamedFile('')
  try {
    const script = 'cat > /dev/null && echo taken for whole >&3'
    await assert.rejects(programText(sh(script, { input: breaks(), secret: whole })), reason)
    assert.equal((await whole.stat()).size, 0)
  } finally {
    await whole.close()
  }
})

test('an abort ends a program and what it has started', async () => {
  const abort = new AbortController()
  const reason = new Error('enough')
  let group = 0
  await assert.rejects(async () => {
    for await (const chunk of streamProgram(sh('echo $$; sleep 61; true', { signal: abort.signal }))) {
      group = Number(Buffer.from(chunk).toString())
      abort.abort(reason)
    }
  }, reason)
  await waitFor(async () => isGone(group) || undefined, { what: 'the end of the group', timeoutMs: 5_000, everyMs: 20 })
})

test('a program that will not end is made to', async () => {
  const abort = new AbortController()
  const stubborn = sh("trap '' INT; echo on; while :; do sleep 0.1; done", { signal: abort.signal })
  const reason = new Error('enough')
  await assert.rejects(async () => {
    for await (const _ of streamProgram(stubborn)) abort.abort(reason)
  }, reason)
})

test('a program that reads nothing of its input does not hold it up', async () => {
  assert.equal(await programText(sh('echo done', { input: chunks(1000) })), 'done\n')
})

test('a secret is read from a descriptor, whole and more than once, and has no name', async () => {
  const secret = await unnamedFile('s3cret')
  try {
    assert.equal(await programText(sh('cat /dev/fd/3; cat /dev/fd/3', { secret })), 's3crets3cret')
    // Others beside this test make such files, too; theirs have a name for a moment only.
    const isNamed = async () => (await readdir('/dev/shm')).some((name) => /^stillshot-[0-9a-f]{32}$/.test(name))
    await waitFor(async () => !(await isNamed()) || undefined, {
      what: 'no file with a name',
      timeoutMs: 5_000,
      everyMs: 20,
    })
  } finally {
    await secret.close()
  }
})
