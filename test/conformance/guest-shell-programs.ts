import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode, type ShellUnderTest, withShell } from './guest-shell-subject.ts'

const HARD_WORDS = [
  '',
  ' ',
  '--',
  '-n',
  '$HOME `id` $(id) $PATH *',
  `it's "quoted" \\ \\\\ 'again'`,
  'two\nlines\n',
  'tab\tand\rreturn',
  '!history ~ # ; & | < > ( ) { } [ ]',
  'ünïcödé 数据库 🦭',
  '%s\\n',
]

/** What `run` keeps about a program that runs to its end, whoever starts it: a shell in the guest, or an agent. */
export function testGuestPrograms(guest: () => ShellUnderTest): void {
  test('gives output, error output and exit status apart', async () => {
    await withShell(guest(), async (shell) => {
      const result = await shell.run(['sh', '-c', 'echo out; echo err >&2; exit 3'])
      assert.deepEqual(result, { exitStatus: 3, stdout: 'out\n', stderr: 'err\n' })
    })
  })

  test('resolves when the command does not exist', async () => {
    await withShell(guest(), async (shell) => {
      assert.equal((await shell.run(['/nonexistent/command'])).exitStatus, 127)
    })
  })

  test('every word arrives as it is', async () => {
    await withShell(guest(), async (shell) => {
      const { stdout } = await shell.run(['printf', '<%s>', ...HARD_WORDS])
      assert.equal(stdout, HARD_WORDS.map((word) => `<${word}>`).join(''))
    })
  })

  test('a first word with blanks and quotes is still one word', async () => {
    await withShell(guest(), async (shell) => {
      const { exitStatus, stderr } = await shell.run(["/none such/it's", 'word'])
      assert.equal(exitStatus, 127)
      assert.match(stderr, /none such/)
    })
  })

  for (const argv of [[], ['a\0b'], ['half \ud800']]) {
    test(`refuses ${JSON.stringify(argv)} as a defect`, async () => {
      await withShell(guest(), async (shell) => {
        await assert.rejects(shell.run(argv), hasCode('defect'))
        assert.equal((await shell.run(['printf', 'on'])).stdout, 'on')
      })
    })
  }

  test('standard input arrives whole and then ends', async () => {
    await withShell(guest(), async (shell) => {
      const stdin = 'línea\n'.repeat(300_000)
      assert.equal((await shell.run(['cat'], { stdin })).stdout, stdin)
      assert.equal((await shell.run(['cat'])).stdout, '')
    })
  })

  test('standard input that comes later is waited for, and others run meanwhile', async () => {
    await withShell(guest(), async (shell) => {
      const { promise, resolve } = Promise.withResolvers<string>()
      const waiting = shell.run(['cat'], { stdin: promise })
      assert.equal((await shell.run(['printf', 'on'])).stdout, 'on')
      resolve('later')
      assert.equal((await waiting).stdout, 'later')
    })
  })

  test('standard input that fails ends the call with its reason', async () => {
    await withShell(guest(), async (shell) => {
      const { promise, reject } = Promise.withResolvers<string>()
      const failed = assert.rejects(shell.run(['cat'], { stdin: promise }), /no input/)
      await shell.run(['true'])
      reject(new Error('no input'))
      await failed
      assert.equal((await shell.run(['printf', 'on'])).stdout, 'on')
    })
  })

  test('a command that ends without reading its input gives its exit status', async () => {
    await withShell(guest(), async (shell) => {
      const { exitStatus } = await shell.run(['sh', '-c', 'exit 4'], { stdin: 'x'.repeat(3_000_000) })
      assert.equal(exitStatus, 4)
    })
  })

  test('output of just the allowed length is given, one byte more is an error', async () => {
    await withShell(guest(), async (shell) => {
      const produce = (bytes: number) =>
        shell.run(['head', '-c', String(bytes), '/dev/zero'], { maxOutputBytes: 70_000 })
      assert.equal((await produce(70_000)).stdout.length, 70_000)
      await assert.rejects(produce(70_001), hasCode('helper-answer-invalid'))
    })
  })

  test('output beyond 4 MiB is an error, and the next command runs', async () => {
    await withShell(guest(), async (shell) => {
      await assert.rejects(shell.run(['head', '-c', '9000000', '/dev/zero']), hasCode('helper-answer-invalid'))
      assert.equal((await shell.run(['printf', 'on'])).stdout, 'on')
    })
  })

  test('commands run side by side', async () => {
    await withShell(guest(), async (shell) => {
      const words = ['one', 'two', 'three', 'four', 'five']
      const results = await Promise.all(words.map((word) => shell.run(['cat'], { stdin: word })))
      assert.deepEqual(
        results.map((result) => result.stdout),
        words,
      )
    })
  })

  test('tells once when the request has been sent', async () => {
    await withShell(guest(), async (shell) => {
      let sent = 0
      await shell.run(['true'], { onSent: () => (sent += 1) })
      assert.equal(sent, 1)
    })
  })
}
