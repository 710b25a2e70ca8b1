import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FakeShells } from '../../adapters/guests/fake/fake-shells.ts'
import { VirtualClock } from '../../adapters/system/fake/virtual-clock.ts'
import type { ErrorCode } from '../../src/errors.ts'
import { GuestHelper } from '../../src/guest/guest-helper.ts'
import type { CommandResult } from '../../src/guest/guest-shell.ts'
import type { Verb } from '../../src/guest/protocol/validate.ts'
import { seenRecording } from '../adapters/applications/seen-recording.ts'
import { RECORDED_SERVERS, readRecordings } from '../recordings/read-recordings.ts'
import { ModelGuest } from '../world/model-guest.ts'
import { anyText, change, changed, nestedJson, toJson } from './mutations.ts'
import { assertFromTable, assertShort } from './table-error.ts'

const HOLD = '01JDAAAAAAAAAAAAAAAAAAAAAA'
/** Those that the model guest knows. */
const MODELLED = [
  'probe',
  'drain',
  'undrain',
  'hold',
  'fence',
  'release',
  'come-back',
  'status',
  'clock',
] as const satisfies Verb[]
const VERBS = [...MODELLED, 'kept', 'forget'] as const satisfies Verb[]

/** What may come of words that the guest chose. */
const CODES: readonly ErrorCode[] = [
  'helper-answer-invalid',
  'helper-failed',
  'helper-missing',
  'sudo-refused',
  'version-newer',
  'guest-locked',
  'hold-refused',
  'hold-expired',
]

async function ask(
  verb: Verb,
  result: CommandResult | Promise<CommandResult>,
  password = 'horse-battery-staple',
): Promise<object> {
  const clock = new VirtualClock({ auto: true })
  const shells = new FakeShells({ clock, program: () => result })
  const target = { vm: 'db1', host: '10.0.0.1', port: 22, user: 'stillshot' }
  const helper = new GuestHelper({ shells, clock, target, databasePassword: async () => password })
  const call = { timeoutMs: 1_000 }
  const calls: Readonly<Record<Verb, () => Promise<object>>> = {
    probe: () => helper.probe('mysql', call),
    drain: () => helper.drain('mysql', HOLD, 5, call),
    undrain: () => helper.undrain('mysql', HOLD, call),
    hold: () => helper.hold('mysql', HOLD, { ttlMs: 60_000, startMs: 1_000 }, call),
    fence: () => helper.fence(HOLD, call),
    release: () => helper.release(HOLD, call),
    'come-back': () => helper.comeBack('mysql', HOLD, call),
    status: () => helper.status(call),
    kept: () => helper.kept(HOLD, call),
    forget: () => helper.forget(HOLD, call),
    clock: () => helper.setClock(call),
    drill: () => helper.drill('mysql', HOLD, { markers: [], assertions: [], limitMs: 1_000 }, call),
    binlogs: () => helper.binlogs('mysql', ['bin.000001', 4], call),
    inventory: () => helper.inventory('mysql', call),
    renew: () => helper.renew(HOLD, 60_000, call),
    whole: () => helper.whole(HOLD, 'forward', call),
    over: () => helper.over({ profile: 'mysql', run: HOLD, way: 'forward', held: true, paths: ['/etc/mysql'] }, call),
  }
  return calls[verb]()
}

const says = (stdout: string, stderr = '', exitStatus = 0): CommandResult => ({ exitStatus, stdout, stderr })

async function refused(verb: Verb, result: CommandResult | Promise<CommandResult>, ...codes: readonly ErrorCode[]) {
  const answer = await ask(verb, result).catch((error: unknown) => {
    assertFromTable(error, ...(codes.length > 0 ? codes : CODES))
    assertShort(error)
    return undefined
  })
  assert.equal(answer, undefined, 'it was accepted')
}

/** Refused in words, or an answer to what was asked. */
async function refusedOrToThis(verb: Verb, text: string): Promise<void> {
  const answer = await ask(verb, says(text)).catch((error: unknown) => assertFromTable(error, ...CODES))
  if (answer === undefined) return
  const { version, protocol, ok, error, hold } = answer as Record<string, unknown>
  const wanted = ['probe', 'status', 'inventory', 'binlogs', 'clock'].includes(verb) ? '' : HOLD
  assert.deepEqual(
    { version, protocol, hold, verb: (answer as { verb: unknown }).verb },
    { version: 1, protocol: 1, hold: wanted, verb },
  )
  assert.ok((ok === true && error === null) || (verb === 'release' && ok === false), 'it says no')
}

/** A good answer of every verb, as the model guest gives them around one hold. */
async function modelAnswers(): Promise<ReadonlyMap<Verb, object>> {
  const guest = new ModelGuest(new VirtualClock({ auto: true }))
  const args: Readonly<Record<(typeof MODELLED)[number], readonly string[]>> = {
    probe: ['mysql'],
    drain: ['mysql', HOLD, '5'],
    undrain: ['mysql', HOLD],
    hold: ['mysql', HOLD, '60000', '1000'],
    fence: [HOLD],
    release: [HOLD],
    'come-back': ['mysql', HOLD],
    status: [],
    clock: [],
  }
  const answers = new Map<Verb, object>()
  for (const verb of MODELLED) {
    const { stdout } = await guest.program(['/usr/local/sbin/stillshot-guest', verb, ...args[verb]])
    answers.set(verb, JSON.parse(stdout))
  }
  const envelope = { ...answers.get('drain'), ...KEPT }
  for (const verb of ['kept', 'forget'] as const) answers.set(verb, { ...envelope, verb })
  return answers
}

const KEPT = { wallMs: 1_800_000_000_000, freezes: [HOLD], freeze: null }
const MODEL = await modelAnswers()
/** What real servers did, in the same envelope. */
const RECORDED = RECORDED_SERVERS.flatMap((server) => readRecordings(server).slice(0, 3)).flatMap((recording) => {
  const { probe, hold, release, comeBack } = seenRecording(recording)
  return [
    ['probe', probe],
    ['hold', { ...hold, hold: HOLD }],
    ['release', { ...release, hold: HOLD }],
    ['come-back', { ...comeBack, hold: HOLD }],
  ] as const satisfies [Verb, object][]
})
const GOOD: readonly (readonly [Verb, object])[] = [...MODEL, ...RECORDED]

describe('what the helper answers', () => {
  test('good answers are accepted: else nothing below says anything', async () => {
    for (const [verb, document] of GOOD) {
      assert.deepEqual(await ask(verb, says(JSON.stringify(document))), document)
    }
  })

  test('any text and any bytes are refused in words', async () => {
    const bytes = fc.uint8Array({ maxLength: 300 }).map((all) => Buffer.from(all).toString())
    const text = fc.oneof(bytes, anyText(20), fc.json(), fc.constantFrom('NaN', 'null', '[]', '{}', '""', '1'))
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...VERBS),
        text,
        bytes,
        fc.integer({ min: -1, max: 255 }),
        (verb, out, err, exit) => refused(verb, says(out, err, exit)),
      ),
      { numRuns: 300 },
    )
  })

  test('no answer that was cut off is accepted, wherever the cut is', async () => {
    for (const [verb, document] of MODEL) {
      const text = JSON.stringify(document)
      for (let end = 0; end < text.length; end += 2) await refused(verb, says(text.slice(0, end)))
    }
    for (const [verb, document] of RECORDED) {
      const text = JSON.stringify(document)
      const step = Math.ceil(text.length / 10)
      for (let end = step; end < text.length; end += step) await refused(verb, says(text.slice(0, end)))
    }
  })

  test('an answer to another verb or of another hold is refused', async () => {
    for (const asked of VERBS) {
      for (const [given, document] of GOOD) {
        if (given !== asked) await refused(asked, says(JSON.stringify(document)), 'helper-answer-invalid')
      }
    }
    for (const [verb, document] of GOOD) {
      for (const hold of ['01JDAAAAAAAAAAAAAAAAAAAAAB', HOLD.toLowerCase(), `${HOLD} `, `${HOLD}\u0000`, 'x']) {
        await refused(verb, says(JSON.stringify({ ...document, hold })), 'helper-answer-invalid')
      }
    }
  })

  test('an answer with changes is refused in words, or still answers what was asked', async () => {
    const changes = fc.array(change, { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...GOOD), changes, ([verb, document], all) =>
        refusedOrToThis(verb, toJson(changed(document, all))),
      ),
      { numRuns: 300 },
    )
  })

  test('an answer with bytes changed is refused in words, or still answers what was asked', async () => {
    const edit = fc.tuple(
      fc.nat(100_000),
      fc.nat(20),
      fc.oneof(fc.string({ maxLength: 5 }), fc.constantFrom('"', '{', ',', '\\u0000', '1e999')),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...GOOD), edit, ([verb, document], [place, cut, put]) => {
        const text = JSON.stringify(document)
        const at = place % text.length
        return refusedOrToThis(verb, text.slice(0, at) + put + text.slice(at + cut))
      }),
      { numRuns: 300 },
    )
  })
})

describe('answers that are wrong on purpose', () => {
  const hold = MODEL.get('hold') ?? {}
  const text = JSON.stringify(hold)
  const withKey = (key: string, value: string) => text.replace(/}$/, `,${JSON.stringify(key)}:${value}}`)
  const cases: Readonly<Record<string, readonly [string, ErrorCode]>> = {
    'two documents': [text + text, 'helper-answer-invalid'],
    'two lines of documents': [`${text}\n${text}\n`, 'helper-answer-invalid'],
    'garbage behind': [`${text}x`, 'helper-answer-invalid'],
    'garbage before': [`motd\n${text}`, 'helper-answer-invalid'],
    'a list around it': [`[${text}]`, 'helper-answer-invalid'],
    'NUL behind': [`${text}\u0000`, 'helper-answer-invalid'],
    'a newer version': [JSON.stringify({ ...hold, version: 2 }), 'version-newer'],
    'a newer protocol': [JSON.stringify({ ...hold, protocol: 2 }), 'version-newer'],
    'an older protocol': [JSON.stringify({ ...hold, protocol: 0 }), 'version-newer'],
    'a second hold id behind the right one': [withKey('hold', '"other"'), 'helper-answer-invalid'],
    'a second verb behind the right one': [withKey('verb', '"release"'), 'helper-answer-invalid'],
    'yes with an error': [JSON.stringify({ ...hold, error: { code: 'x', message: 'y' } }), 'helper-answer-invalid'],
    'no without an error': [JSON.stringify({ ...hold, ok: false }), 'hold-refused'],
    'nested deeper than the stack': [withKey('x', nestedJson(500_000)), 'helper-answer-invalid'],
    'nested a little too deep': [withKey('x', nestedJson(40)), 'helper-answer-invalid'],
    'Infinity as 1e999': [text.replace(/"uptimeMs":\d+/, '"uptimeMs":1e999'), 'helper-answer-invalid'],
    'NaN as a token': [text.replace(/"uptimeMs":\d+/, '"uptimeMs":NaN'), 'helper-answer-invalid'],
    'a number as text': [text.replace(/"uptimeMs":(\d+)/, '"uptimeMs":"$1"'), 'helper-answer-invalid'],
  }
  for (const [name, [answer, code]] of Object.entries(cases)) {
    test(name, () => refused('hold', says(answer), code))
  }

  test('more than 4 MiB are refused, and so is a helper that never ends', async () => {
    await refused('hold', says(withKey('x', `"${'x'.repeat(5 * 1024 ** 2)}"`)), 'helper-answer-invalid')
    await refused('hold', new Promise<never>(() => {}), 'guest-unreachable')
  })

  test('a probe that says the password back is refused while nothing is stopped yet', async () => {
    const probe = { ...MODEL.get('probe'), helper: 'say horse-battery-staple' }
    await refused('probe', says(JSON.stringify(probe)), 'helper-answer-invalid')
    assert.deepEqual(await ask('probe', says(JSON.stringify({ ...probe, helper: 'secret' })), 'secret'), {
      ...probe,
      helper: 'secret',
    })
  })

  test('the helper’s own no has a code of the table, whatever word it chose, and a message of bounded length', async () => {
    const word = fc.oneof(
      fc.constantFrom(
        'constructor',
        '__proto__',
        'toString',
        'hasOwnProperty',
        'valueOf',
        '',
        'guest-locked',
        'defect',
      ),
      anyText(20),
    )
    const message = fc.oneof(anyText(20), fc.constant('x'.repeat(100_000)))
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...GOOD), word, message, ([verb, document], code, said) =>
        refused(verb, says(JSON.stringify({ ...document, ok: false, error: { code, message: said } }))),
      ),
      { numRuns: 100 },
    )
  })
})
