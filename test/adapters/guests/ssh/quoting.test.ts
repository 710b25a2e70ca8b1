import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { quoteCommand } from '../../../../adapters/guests/ssh/quoting.ts'
import { hasCode } from '../../../conformance/guest-shell-subject.ts'

function shell(line: string) {
  return spawnSync('sh', ['-c', line], { encoding: 'utf8' })
}

describe('quoteCommand()', () => {
  const nasty = fc.constantFrom("'", '"', '\\', '$', '`', '\n', '!', '*', '~', '#', '=', '-', ' ', '&', ';', '{a,b}')
  const part = fc.oneof(
    nasty,
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.string({ unit: 'grapheme', maxLength: 8 }),
  )
  const word = fc
    .array(part, { maxLength: 6 })
    .map((parts) => parts.join(''))
    .filter((text) => !text.includes('\0') && text.isWellFormed())

  test('every word comes out of a real shell as it went in', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), (words) => {
        const all = ['~', '~root', '*', '-', ...words]
        const { stdout } = shell(quoteCommand(['printf', '%s\\0', ...all]))
        assert.deepEqual(stdout.split('\0').slice(0, -1), all)
      }),
      { numRuns: 60 },
    )
  })

  test('the first word is looked up as a command, never read as syntax or as an option of the shell', () => {
    for (const first of ['if', 'while', 'esac', 'until', '-c', '--help', '{', '!', 'A=b', '%1', '~', '$(touch x)']) {
      const { status, stderr } = shell(quoteCommand([first, 'word']))
      assert.equal(status, 127, `${first}: ${stderr}`)
      assert.ok(stderr.includes(`: ${first}: `), `${first}: ${stderr}`)
    }
  })

  test('harmless words stay bare, so that a forced command can read the line without eval', () => {
    const argv = ['sudo', '-n', '/usr/local/sbin/stillshot-guest', 'hold', 'idoit', '01J0', '120']
    assert.equal(quoteCommand(argv), argv.join(' '))
  })

  test('a line that the kernel would refuse is a defect', () => {
    assert.equal(shell(quoteCommand(['true', 'x'.repeat(128 * 1024 - 6)])).status, 0)
    assert.throws(() => quoteCommand(['true', 'x'.repeat(128 * 1024 - 5)]), hasCode('defect'))
  })
})
