import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { loadSettings } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/settings.ts'
import { GOOD_CONFIG, hostWith } from '../config/good-config.ts'
import { change, changed } from './mutations.ts'
import { assertFromTable } from './table-error.ts'

const CANARY = 'c4n4ryInTheConfiguration'

/** The settings, or what it was refused with: in words that begin with the place of each problem. */
async function load(text: string): Promise<Settings | string> {
  try {
    return await loadSettings(hostWith(text))
  } catch (error) {
    assertFromTable(error, 'config-invalid')
    for (const line of error.message.split('\n')) {
      assert.match(line, /^\/home\/admin\/stillshot\.yaml(:\d+:\d+)?: \S.{5,}/, JSON.stringify(error.message))
    }
    return error.message
  }
}

async function refused(text: string, pattern = /./): Promise<void> {
  const told = await load(text)
  assert.ok(typeof told === 'string', `taken: ${text.slice(0, 300)}`)
  assert.match(told, pattern)
}

describe('trees that are not a configuration', () => {
  test('a good one with odd values, or with parts that changed places, is taken or refused in words', async () => {
    const good: unknown = parse(GOOD_CONFIG)
    let taken = 0
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const told = await load(stringify(changed(good, changes), { aliasDuplicateObjects: false }))
        if (typeof told !== 'string') taken += 1
      }),
      { numRuns: 100 },
    )
    assert.ok(taken < 70, `${taken} were taken`)
  })

  const vm = (more: string) => GOOD_CONFIG.replace('    id: db1\n', `    id: db1\n    ${more}\n`)
  const name = (text: string) => GOOD_CONFIG.replace('  db1:\n', `  ${text}:\n`)
  const cases: Readonly<Record<string, readonly [string, RegExp]>> = {
    '__proto__ as a VM': [name('__proto__'), /vms\.__proto__ is not a name/],
    '__proto__ as a section': [`${GOOD_CONFIG}__proto__: { polluted: true }\n`, /__proto__ is not a known key/],
    '__proto__ in a VM': [vm('__proto__: { mode: lock }'), /__proto__ is not a known key/],
    'constructor in a VM': [vm('constructor: { prototype: 1 }'), /constructor is not a known key/],
    'a profile that every object has': [vm('profile: constructor'), /profile is "constructor": not under profiles/],
    'a merge key of odd things': [vm('<<: [1, 2]'), /YAML|alias|merge|known|:\d+:\d+/],
    'a merge of __proto__': [`x: &x { __proto__: { a: 1 } }\n${vm('<<: *x')}`, /known key/],
    'the same key twice': [vm('id: db2'), /the same key stands twice/],
    'the same VM under two names': [
      vm('x').replace('    x\n', '').replace('id: "100"', 'id: db1').replace('hypervisor: pve', 'hypervisor: kvm'),
      /is the same VM/,
    ],
    'a number beyond all numbers': [GOOD_CONFIG.replace('ttl: 2m', 'ttl: 1e999'), /hold\.ttl/],
    'NaN as a port': [vm('x').replace('    x\n', '').replace('host: 10.0.0.5', 'host: h, port: .nan'), /port/],
    'a negative zero port': [vm('x').replace('    x\n', '').replace('host: 10.0.0.5', 'host: h, port: -0'), /port/],
    'a date as a name': [vm('profile: !!timestamp 2026-01-01'), /tag|text|profile/],
    'a number as an id': [GOOD_CONFIG.replace('"100"', '100'), /vms\.db2\.id is 100: must be text/],
    'octal and sexagesimal': [GOOD_CONFIG.replace('"100"', '0o144'), /must be text/],
    'a tag that makes code': [vm('drain: !!js/function "x"'), /tag/],
    'a tag that makes bytes': [vm('drain: !!binary aGk='), /tag|drain/],
    'an ESC in an id': [GOOD_CONFIG.replace('id: db1', 'id: "a\\u001b[2Jb"'), /vms\.db1\.id/],
    'a NUL in a user': [GOOD_CONFIG.replace('user: backup', 'user: "a\\0b"'), /vms\.db2\.ssh\.user/],
    'a newline in a user': [GOOD_CONFIG.replace('user: backup', 'user: "a\\nb"'), /vms\.db2\.ssh\.user/],
    'a turned direction in a name': [name('"db\\u202e1"'), /is not a name/],
    'letters that look alike in a name': [name('dЬ1'), /is not a name/],
    'a dash before a unit': [GOOD_CONFIG.replace('nginx.service', '--no-block'), /components\[0\]\.unit/],
    'a dash before a database user': [GOOD_CONFIG.replace('user: app', 'user: --skip-ssl'), /database\.user/],
    'a blank in a unit': [GOOD_CONFIG.replace('nginx.service', '"a b"'), /components\[0\]\.unit/],
    'a path that climbs as a profile': [GOOD_CONFIG.replace('  shop:', '  "../shop":'), /is not a name/],
    'a path that climbs as a VM': [name('"../../etc/x"'), /is not a name/],
    'nothing but an anchor': ['&a', /is empty|must be/],
    'an alias to itself': ['&a [*a]', /alias|must be|is/],
    'two documents': [`${GOOD_CONFIG}---\n${GOOD_CONFIG}`, /more than one document/],
  }
  for (const [what, [text, pattern]] of Object.entries(cases)) {
    test(`${what} is refused with its place`, () => refused(text, pattern))
  }

  test('line ends of Windows, a byte order mark and JSON mean what they say', async () => {
    const settings = await load(GOOD_CONFIG)
    assert.deepEqual(await load(GOOD_CONFIG.replaceAll('\n', '\r\n')), settings)
    assert.deepEqual(await load(`\ufeff${GOOD_CONFIG}`), settings)
    assert.deepEqual(await load(JSON.stringify(parse(GOOD_CONFIG))), settings)
  })

  test('a name that every object has is a name like any other', async () => {
    const settings = await load(name('constructor').replaceAll('vms: [db1]', 'vms: [constructor]'))
    assert.ok(typeof settings !== 'string', String(settings))
    assert.deepEqual(Object.keys(settings.vms), ['constructor', 'db2'])
    assert.equal(({} as Record<string, unknown>).polluted, undefined)
  })

  test('aliases of aliases and endless nesting are refused soon', async () => {
    const levels = Array.from(
      { length: 25 },
      (_, level) => `l${level}: &l${level} [${`*l${level - 1},`.repeat(level === 0 ? 0 : 9)} x]`,
    )
    const bombs = [
      `${levels.join('\n')}\n${GOOD_CONFIG}`,
      '['.repeat(5_000),
      '{a: '.repeat(3_000),
      `${'- '.repeat(5_000)}x`,
      `x: ${'['.repeat(3_000)}${']'.repeat(3_000)}`,
      'x: &a\n'.repeat(2_000),
      '? '.repeat(5_000),
      `vms: {${Array.from({ length: 2_000 }, (_, index) => `v${index}: 1`).join(', ')}}`,
      `${'&a '.repeat(5_000)}x`,
      `"${'\\'.repeat(50_001)}"`,
    ]
    for (const bomb of bombs) {
      const begunAt = performance.now()
      await refused(bomb)
      assert.ok(performance.now() - begunAt < 2_000, `${performance.now() - begunAt} ms for ${bomb.slice(0, 40)}`)
    }
  })
})

describe('a secret that stands where its reference belongs', () => {
  const places: readonly (readonly [string, string])[] = [
    ['password: "env:DB2"', `password: ${CANARY}`],
    ['password: "env:DB2"', `password: [${CANARY}]`],
    ['password: "env:DB2"', `password: { value: ${CANARY} }`],
    ['password: "env:DB2"', `password: "env:${CANARY} with blanks"`],
    ['password: "env:DB2"', `password: !secret ${CANARY}`],
    ['password: "env:DB2"', `password: "${CANARY}`],
    ['password: "env:DB2"', `password: ${CANARY}: x`],
    ['password: "env:DB2"', `password: @${CANARY}`],
    ['password: "env:DB2"', `password: "\\q${CANARY}"`],
    ['password: "env:DB2"', `password: *${CANARY}`],
    ['password: "env:DB2"', `password: a, password: ${CANARY}`],
    ['password: "env:DB2"', `passwort: ${CANARY}`],
    ['database: { user: app, password: "env:DB2" }', `database: ${CANARY}`],
    ['token: "file:pve.token"', `token: root@pam!x=${CANARY}`],
    ['token: "file:pve.token"', `token: 12345, secret: ${CANARY}`],
    ['ssh: { key: id_ed25519 }', `ssh: { key: id, passphrase: ${CANARY} }`],
    ['state: { directory: state }', `state: { catalog: { url: "postgres://u:${CANARY}@h/d" } }`],
    ['state: { directory: state }', `repositories: { r: { kind: restic, repository: x, password: ${CANARY} } }`],
    ['pve: { kind: proxmox,', `pve: { kind: vsphere, username: u, password: ${CANARY},`],
  ]
  for (const [place, put] of places) {
    test(`is not repeated: ${put.replace(CANARY, '…')}`, async () => {
      const text = GOOD_CONFIG.replace(place, put)
      assert.notEqual(text, GOOD_CONFIG)
      const told = await load(text)
      assert.ok(typeof told === 'string')
      assert.equal(told.includes(CANARY), false, told)
    })
  }
})
