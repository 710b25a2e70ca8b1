import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeHost } from '../../adapters/system/fake/fake-host.ts'
import { secretReader, splitWords } from '../../src/config/secrets.ts'

const CANARY = 'hunter2-canary'

function reader(host: FakeHost, reference: string, fetched: string[] = []) {
  const options = { host, folder: '/etc/stillshot', onFetched: (secret: string) => fetched.push(secret) }
  return secretReader(options, reference, 'vms.db1.database.password')
}

const fileHost = (facts: object = {}) =>
  new FakeHost({ files: { '/etc/stillshot/db.password': { text: `${CANARY}\n`, ...facts } } })

test('a secret is fetched from the environment, a file or a command, and told to whoever redacts', async () => {
  const host = new FakeHost({
    variables: { DB: CANARY },
    files: { '/etc/stillshot/db.password': { text: `${CANARY}\n` } },
    run: async () => ({ exitStatus: 0, stdout: `${CANARY}\r\n` }),
  })
  for (const reference of ['env:DB', 'file:db.password', 'file:/etc/stillshot/db.password', 'exec:pass show db']) {
    const fetched: string[] = []
    assert.equal(await reader(host, reference, fetched)(), CANARY, reference)
    assert.deepEqual(fetched, [CANARY])
  }
})

test('nothing is fetched before it is asked for, and each time anew', async () => {
  let times = 0
  const host = new FakeHost({
    run: async () => {
      times += 1
      return { exitStatus: 0, stdout: `${CANARY}${times}` }
    },
  })
  const fetch = reader(host, 'exec:vault')
  assert.equal(times, 0)
  assert.equal(await fetch(), `${CANARY}1`)
  assert.equal(await fetch(), `${CANARY}2`)
})

for (const [name, host, reference, message] of [
  [
    'a variable that is not set',
    new FakeHost(),
    'env:DB',
    /vms\.db1\.database\.password is env:DB: the variable is not set/,
  ],
  ['an empty variable', new FakeHost({ variables: { DB: '' } }), 'env:DB', /is empty/],
  ['a missing file', new FakeHost(), 'file:db.password', /file:\/etc\/stillshot\/db\.password: there is no such file/],
  [
    'a file that the group can read',
    fileHost({ mode: 0o640 }),
    'file:db.password',
    /can be read by others \(mode 0640\)/,
  ],
  ['a file that others can write', fileHost({ mode: 0o602 }), 'file:db.password', /mode 0602/],
  ['a file of another user', fileHost({ ownerId: 33 }), 'file:db.password', /belongs to user 33/],
  ['a folder', fileHost({ kind: 'folder' }), 'file:db.password', /not a regular file/],
  ['a command that fails', new FakeHost(), 'exec:pass show db', /exec:pass: exit status 127/],
  ['an open quote', new FakeHost(), 'exec:pass "show', /quote that is not closed/],
  ['a plain value', new FakeHost(), CANARY, /is not a reference/],
] as const) {
  test(`${name} is refused without showing the secret`, async () => {
    const error = await reader(host, reference)().then(
      () => assert.fail('it was taken'),
      (thrown: Error & { code: string }) => thrown,
    )
    assert.equal(error.code, 'secret-unreadable')
    assert.match(error.message, message)
    assert.equal(error.message.includes(CANARY), false)
  })
}

test('arguments of a command are not repeated in its error', async () => {
  const run = reader(new FakeHost(), `exec:get --with ${CANARY}`)
  await assert.rejects(run(), (error: Error) => !error.message.includes(CANARY))
})

test('a command gets its words as they are, no shell reads them', async () => {
  const host = new FakeHost({ run: async () => ({ exitStatus: 0, stdout: 'secret' }) })
  await reader(host, `exec:./get 'a b' "c $HOME" d\\ e ; rm`)()
  assert.deepEqual(host.ran, [['/etc/stillshot/get', 'a b', 'c $HOME', 'd e', ';', 'rm']])
})

test('words are split at blanks; quotes keep them together', () => {
  assert.deepEqual(splitWords(''), [])
  assert.deepEqual(splitWords(`  a  ''  "b\\"c" `), ['a', '', 'b"c'])
  assert.equal(splitWords(`a 'b`), undefined)
})
