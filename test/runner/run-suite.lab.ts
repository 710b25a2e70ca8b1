// runs beside other labs
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runSuite, type SuiteResult } from './run-suite.ts'

describe('a suite in its own process', { concurrency: 3 }, () => {
  test('passed, failed, skipped and todo are told apart, suites are not counted', async () => {
    const result = await resultOf(`
      describe('outer', () => {
        test('good', () => {})
        test('bad', () => { console.log('seen before it failed'); throw new Error('the reason') })
        test('left out', { skip: 'later' }, () => {})
        test('planned', { todo: true }, () => {})
      })`)
    assert.deepEqual([result.passed, result.failed, result.skipped], [1, 1, 2])
    assert.equal(result.failures[0]?.name, 'outer > bad')
    assert.match(result.failures[0]?.place ?? '', /suite\.ts:4$/)
    assert.match(result.failures[0]?.error ?? '', /the reason/)
    assert.match(result.output, /seen before it failed/)
  })

  test('a hook that fails is a failure', async () => {
    const result = await resultOf(`
      describe('outer', () => {
        after(() => { throw new Error('hook') })
        test('good', () => {})
      })`)
    assert.ok(result.failed > 0)
  })

  test('a file that cannot be loaded is a failure that shows why', async () => {
    const result = await resultOf(`import './is-not-there.ts'`)
    assert.equal(result.passed, 0)
    assert.ok(result.failed > 0)
    assert.match(result.output + JSON.stringify(result.failures), /is-not-there/)
  })

  test('a file without a test is a failure', async () => {
    const result = await resultOf('')
    assert.deepEqual([result.passed, result.failed, result.skipped], [0, 1, 0])
  })

  test('a process that ends in the middle is a failure', async () => {
    const result = await resultOf(`test('good', () => {}); test('dies', () => process.exit(0))`)
    assert.ok(result.failed > 0)
    assert.match(result.failures.at(-1)?.error ?? '', /ended before its tests/)
  })

  test('a test that never ends is killed with what it started', async () => {
    const source = `test('hangs', async () => {
      const child = spawn('sleep', ['1000'])
      console.log('child', child.pid)
      await new Promise((resolve) => setTimeout(resolve, 1e6))
    })`
    const result = await resultOf(source, { limitMs: 1500 })
    assert.match(result.failures.at(-1)?.error ?? '', /not finished after 1.5 s/)
    const [, pid] = /child (\d+)/.exec(result.output) ?? []
    while (isAlive(pid)) await new Promise(setImmediate)
  })

  test('a test that leaves something open is a failure', async () => {
    const result = await resultOf(`test('good', () => { setTimeout(() => {}, 1e6) })`, { closeMs: 500 })
    assert.equal(result.passed, 1)
    assert.match(result.failures[0]?.error ?? '', /still open/)
  })

  test('only tests with the wanted name run', async () => {
    const result = await resultOf(`test('one', () => {}); test('two', () => {})`, { testName: 'two' })
    assert.deepEqual([result.passed, result.failed, result.skipped], [1, 0, 0])
    const none = await resultOf(`test('one', () => {})`, { testName: 'two' })
    assert.deepEqual([none.passed, none.failed, none.skipped], [0, 0, 0])
  })
})

/** A process that ended but that nobody has waited for yet is no longer alive. */
function isAlive(pid: string | undefined): boolean {
  assert.ok(pid !== undefined)
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') Z'
  return !stat.includes(') Z')
}

const IMPORTS = "import { after, describe, test } from 'node:test'; import { spawn } from 'node:child_process';"

async function resultOf(
  source: string,
  settings: { limitMs?: number; closeMs?: number; testName?: string } = {},
): Promise<SuiteResult> {
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-suite-'))
  const file = join(folder, 'suite.ts')
  await writeFile(file, `${IMPORTS}${source}`)
  try {
    return await runSuite(
      { name: 'the suite', files: [file], lane: 'native', limitMs: 20_000, closeMs: 5_000, ...settings },
      () => {},
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
