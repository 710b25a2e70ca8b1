import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { openSqliteCatalog } from '../../adapters/catalogs/sqlite/sqlite-catalog.ts'
import { quoteCommand } from '../../adapters/guests/ssh/quoting.ts'
import { byHand } from '../../adapters/hypervisors/libvirt/by-hand.ts'
import { canBeSent, commandLine, quoteWord } from '../../adapters/hypervisors/libvirt/virsh-words.ts'
import { NodeClock } from '../../adapters/system/node-clock.ts'
import { installScript } from '../../src/coordinator/install-script.ts'
import { StillshotError } from '../../src/errors.ts'
import { profileFile } from '../../src/guest/profile.ts'
import { shellWord } from '../../src/system/shell-word.ts'
import { VM } from '../adapters/hypervisors/libvirt/fake-session.ts'
import { somePoint } from '../cli/fake-app.ts'
import { anyText } from './mutations.ts'
import { NASTY, name } from './nasty-names.ts'

/** What a shell can be given at all. */
const sendable = name.filter((text) => !text.includes('\0') && text.isWellFormed())

/** Words of a line as a POSIX shell makes them, many lines at once. */
function shellWords(lines: readonly string[]): string[][] {
  const script = lines
    .map((line) => `for word in ${line}; do printf '%s\\0' "$word"; done; printf '\\0end\\0'`)
    .join('\n')
  const { stdout, status, stderr } = spawnSync('sh', ['-s'], { input: script, encoding: 'utf8', cwd: '/' })
  assert.equal(status, 0, stderr)
  const words: string[][] = [[]]
  for (const word of stdout.split('\0').slice(0, -1)) words.at(-1)?.push(word)
  const all = words.flat()
  const result: string[][] = []
  let current: string[] = []
  for (let index = 0; index < all.length; index += 1) {
    if (all[index] === '' && all[index + 1] === 'end') {
      result.push(current)
      current = []
      index += 1
    } else current.push(all[index] ?? '')
  }
  return result
}

describe('names on a command line', () => {
  test('of a guest’s shell arrive as they are', () => {
    const commands = fc.array(
      fc.array(
        sendable.filter((text) => text !== ''),
        { maxLength: 6 },
      ),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(commands, (some) => {
        const all = [NASTY.filter((text) => text !== ''), ...some]
        const lines = all.map((words) => quoteCommand(['x', ...words]))
        assert.deepEqual(
          shellWords(lines),
          all.map((words) => ['x', ...words]),
        )
      }),
      { numRuns: 25 },
    )
  })

  test('that a person is told to type arrive as they are', () => {
    const names = fc.array(
      sendable.filter((text) => text !== ''),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(names, (some) => {
        const all = [...NASTY.filter((text) => text !== ''), ...some]
        assert.deepEqual(
          shellWords(all.map(shellWord)),
          all.map((text) => [text]),
        )
        const vm = (nativeId: string) => ({ ...VM, nativeId })
        const lines = all.flatMap((text) => [
          byHand(text, '10.0.0', vm(text), 'remove-snapshot', text),
          byHand(text, '10.0.0', vm(text), 'roll-back', text),
          byHand(text, '9.0.0', vm(text), 'power-on', text),
        ])
        assert.deepEqual(
          shellWords(lines),
          all.flatMap((text) => [
            ['virsh', '-c', text, 'snapshot-delete', text, text],
            ['virsh', '-c', text, 'snapshot-revert', text, text],
            ['virsh', '-c', text, 'start', text],
          ]),
        )
      }),
      { numRuns: 15 },
    )
  })

  test('of virsh are one word each, or refused', () => {
    fc.assert(
      fc.property(fc.array(name, { maxLength: 5 }), (words) => {
        if (!words.every(canBeSent)) {
          assert.throws(
            () => commandLine(words),
            (error) => error instanceof StillshotError && error.code === 'hypervisor-refused',
          )
          return
        }
        const line = commandLine(words)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they end or complete a line
        assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
        assert.deepEqual(virshWords(line), words)
      }),
      { numRuns: 2_000 },
    )
    for (const text of NASTY) assert.deepEqual(virshWords(quoteWord(text)), [text])
  })
})

/** As virsh splits a line (tools/vsh.c, vshCommandStringGetArg): blanks, `;`, both quotes, backslash outside of '…'. */
function virshWords(line: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < line.length; at += 1) {
    const sign = line[at] ?? ''
    if (quote === '' && (sign === ' ' || sign === ';')) {
      if (word !== undefined) words.push(word)
      if (sign === ';') words.push('(next command)')
      word = undefined
      continue
    }
    word ??= ''
    if (sign === quote) quote = ''
    else if (quote === '' && (sign === "'" || sign === '"')) quote = sign
    else if (sign === '\\' && quote !== "'") {
      at += 1
      word += line[at] ?? ''
    } else word += sign
  }
  return word === undefined ? words : [...words, word]
}

describe('names elsewhere', () => {
  test('the catalog keeps them as they are, and finds by them nothing else', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'stillshot-names-'))
    t.after(() => rm(folder, { recursive: true }))
    const catalog = await openSqliteCatalog({ path: join(folder, 'catalog.sqlite'), clock: new NodeClock() })
    const names = fc.array(
      name.filter((text) => text.isWellFormed() && !text.includes('\0')),
      { maxLength: 4 },
    )
    await fc.assert(
      fc.asyncProperty(names, async (all) => {
        for (const [index, vm] of all.entries()) {
          await catalog.savePoint(somePoint({ id: `01JD${String(index).padStart(22, '0')}`, vm, note: vm }))
        }
        for (const vm of all) {
          const found = await catalog.points({ vm })
          assert.ok(found.length > 0 && found.every((point) => point.vm === vm && point.note === vm))
        }
      }),
      { numRuns: 40 },
    )
    await catalog.close()
  })

  test('the script that installs refuses a name that a shell would read', () => {
    const files = { helper: '', profiles: {}, user: 'stillshot' }
    for (const text of NASTY.filter((each) => !/^[\w.-]*$/.test(each) || each.startsWith('-'))) {
      assert.throws(() => installScript({ ...files, user: text }))
      assert.throws(() => installScript({ ...files, profiles: { [text]: '' } }))
    }
    fc.assert(
      fc.property(anyText(200), (text) => {
        const { status, stdout } = spawnSync('sh', ['-n'], {
          input: installScript({ ...files, helper: text }),
          encoding: 'utf8',
        })
        assert.deepEqual([status, stdout], [0, ''])
      }),
      { numRuns: 15 },
    )
  })

  test('a profile that the schema takes has words only that the helper takes', () => {
    const text = profileFile(
      {
        name: 'shop',
        settingsPutBack: false,
        components: [{ kind: 'unit', unit: 'a@b.service', stopSeconds: 1, startSeconds: 1 }],
      },
      { defaultsFile: '/etc/a.cnf', databaseUser: 'app' },
    )
    for (const line of text.trimEnd().split('\n')) assert.match(line, /^[a-z-]+( [A-Za-z0-9/][A-Za-z0-9@._:/-]*)+$/)
  })
})
