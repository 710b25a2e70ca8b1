import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { HoldRecord } from '../../src/catalog/catalog.ts'
import { ERRORS } from '../../src/errors.ts'
import { type FakeAppOptions, type Ran, run, somePoint } from '../cli/fake-app.ts'
import { anyText } from './mutations.ts'

const STATUSES = new Set([0, ...Object.values(ERRORS).map(({ exit }) => exit)])
const DEFECT = ERRORS.defect.exit
const COMMANDS = [
  ...['init', 'check', 'snapshot', 'list', 'show', 'restore', 'hold', 'release', 'recover', 'guest', 'trust', 'config'],
  ...[
    'completion',
    'complete-vms',
    'help',
    'install',
    'status',
    'remove',
    'validate',
    'schema',
    'drill',
    'serve',
    'trust-server',
  ],
]
const OPTIONS = [
  ...['--config', '-c', '--quiet', '-q', '--verbose', '-v', '--version', '-V', '--help', '-h', '--point', '--yes'],
  ...[
    '--mode',
    '--together',
    '--note',
    '--dry-run',
    '--from',
    '--no-safety-snapshot',
    '--as',
    '--remove-copy',
    '--copies',
    '--user',
    '--forced-command',
  ],
  ...['--fingerprint', '--replace', '--uri', '--vm', '--id', '--host', '--key', '--', '-', '---', '--json=1', '-qv'],
]
const NASTY = [
  ...[
    '',
    ' ',
    '\n',
    'db1\n',
    'db1 ',
    ' db1',
    'db1.',
    'DB1',
    'db1\u0000',
    'ｄｂ１',
    'dЬ1',
    'db1\u200b',
    'd\u0062\u03011',
  ],
  ...[
    '--db1',
    '-db1',
    '$(reboot)',
    '`reboot`',
    "';reboot;'",
    '../db1',
    'db*',
    'db[12]',
    '%',
    'constructor',
    '__proto__',
  ],
  ...['toString', 'hasOwnProperty', '\u001b[2J', '\u202edb1', '\ud800', 'x'.repeat(5000), 'db', 'db1,db2', 'db1 db2'],
]

const word = fc.oneof(
  fc.constantFrom(...COMMANDS),
  fc.constantFrom(...COMMANDS),
  fc.constantFrom(...OPTIONS),
  fc.constantFrom(...NASTY),
  fc.constantFrom('db1', 'db2', 'locked', '01JDAAAAAAAAAAAAAAAAAAAAAA', '01JD', '01jd', 'stop'),
  anyText(12),
)

/** Whatever reaches a procedure is refused by it, so that no run is faked. */
const HOLD: HoldRecord = {
  ...{ id: '01JDAAAAAAAAAAAAAAAAAAAAAA', run: '01JDBBBBBBBBBBBBBBBBBBBBBB', vm: 'db1', vmKey: '["kvm","u","u"]' },
  ...{ profile: 'mysql', heldAt: '2027-01-15T07:00:00.000Z', ttlMs: 60_000, state: 'held', evidence: null },
}
const OPTIONS_OF_APP: FakeAppOptions = {
  points: [somePoint()],
  holds: [HOLD],
  procedures: {
    takeSnapshot: async () => somePoint(),
    checkVm: async (_, { name }) => ({ vm: name, ok: true, findings: [], coverage: [] }),
    holdVm: async () => HOLD,
    runDrill: async (_, { name }) => ({
      version: 1,
      vm: name,
      point: somePoint(),
      plan: ['make a copy'],
      findings: [],
    }),
    releaseHold: async () => ({
      ...{ version: 1, hold: HOLD.id, vm: 'db1', state: 'released', grade: 'db-stopped', reasons: [], proofs: [] },
    }),
    restoreSnapshot: async () => Promise.reject(Object.assign(new Error('stop here'), { name: 'AbortError' })),
    recoverRuns: async () => ({ version: 1, settled: [], holds: [], locks: [], snapshots: [] }),
    installHelper: async (_, { name }) => ({ version: 1, vm: name, state: 'installed', path: '/x' }),
    helperStatus: async (_, { name }) => ({ version: 1, vm: name, state: 'current', path: '/x' }),
    removeHelper: async (_, { name }) => ({ version: 1, vm: name, state: 'removed', path: '/x' }),
    readJournal: async () => [],
  },
}

function assertTold(argv: readonly string[], { status, out, err }: Ran, json: boolean): void {
  const about = `${JSON.stringify(argv)}: ${status}\n${out}\n${err}`
  assert.ok(STATUSES.has(status) && status !== DEFECT, about)
  // Who asks for more gets the stack, too.
  const verbose = argv.some((each) => each === '--verbose' || /^-[a-z]*v/.test(each))
  if (!verbose) assert.doesNotMatch(out + err, /\n\s+at .*:\d+|node:internal/, about)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  assert.doesNotMatch(out + err, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/, about)
  if (json) assert.equal((JSON.parse(out) as { version: unknown }).version, 1, about)
  else if (status !== 0 && !out.includes('01JD')) assert.match(err, /^(stillshot|db1|db2|locked): .+/, about)
}

describe('any command line', () => {
  test('ends with a status of the table and a message, never with a stack', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (argv) => {
        const words = argv.filter((each) => each !== '--json')
        assertTold(words, await run(words, OPTIONS_OF_APP), false)
      }),
      { numRuns: 500 },
    )
  })

  test('with --json prints exactly one document', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 5 }), fc.nat(5), async (argv, at) => {
        const words = argv.filter((each) => each !== '--')
        const value = [
          '--config',
          '-c',
          '--point',
          '--mode',
          '--note',
          '--from',
          '--user',
          '--fingerprint',
          '--uri',
          '--vm',
        ]
        const before = words[Math.min(at, words.length) - 1] ?? ''
        // As the value of an option it is no option.
        fc.pre(![...value, '--id', '--host', '--key'].includes(before))
        const all = words.toSpliced(at, 0, '--json')
        assertTold(all, await run(all, OPTIONS_OF_APP), true)
      }),
      { numRuns: 300 },
    )
  })
})

describe('never a wrong VM', () => {
  const verbs: readonly (readonly string[])[] = [
    ['snapshot'],
    ['check'],
    ['hold'],
    ['restore', '--yes'],
    ['restore', '--yes', '--point', '01JDAAAAAAAAAAAAAAAAAAAAAA'],
    ['guest', 'install'],
    ['guest', 'remove'],
    ['guest', 'status'],
    ['trust', '--yes'],
  ]

  test('only a name that stands so in the configuration opens a VM', async () => {
    const near = fc.oneof(
      fc.constantFrom(...NASTY),
      fc
        .tuple(fc.constantFrom('db1', 'db2', 'locked'), fc.nat(6), anyText(2))
        .map(([name, at, put]) => name.slice(0, at) + put + name.slice(at)),
      fc.constantFrom('db1', 'locked').map((name) => name.normalize('NFKD').toUpperCase()),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...verbs), near, async (verb, name) => {
        fc.pre(!['db1', 'db2', 'locked'].includes(name))
        const { status, opened } = await run([...verb, '--', name], OPTIONS_OF_APP)
        assert.deepEqual([...opened], [], `${JSON.stringify(name)} opened ${opened}`)
        assert.equal(status, ERRORS['vm-not-configured'].exit, name)
      }),
      { numRuns: 300 },
    )
  })

  test('several names of which one is wrong open nothing', async () => {
    for (const name of NASTY.filter((each) => !each.startsWith('-'))) {
      const { status, opened } = await run(['snapshot', 'db1', name], OPTIONS_OF_APP)
      assert.deepEqual([status, [...opened]], [ERRORS['vm-not-configured'].exit, []], JSON.stringify(name))
    }
  })

  test('a beginning of a point’s id is not the beginning of another one', async () => {
    const points = [somePoint(), somePoint({ id: '01JDAAAAAAAAAAAAAAAAAAAAAB', vm: 'db2' })]
    for (const typed of ['01JDAAAA', '01J', '%', '01JD%', '01JD_AAAAAAAAAAAAAAAAAAAAA', '*', "' OR 1=1 --", '']) {
      const { status } = await run(['show', '--', typed], { ...OPTIONS_OF_APP, points })
      assert.ok(status === ERRORS.usage.exit || status === ERRORS['point-not-found'].exit, `${typed}: ${status}`)
    }
  })
})
