// runs beside other labs
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { PrivateKeyFile } from '../../adapters/guests/ssh/private-key.ts'
import { assertFromTable } from './table-error.ts'

const CANARY = 'c4n4ryOfTheKey'
const BEGIN = '-----BEGIN OPENSSH PRIVATE KEY-----'
const END = '-----END OPENSSH PRIVATE KEY-----'

/** Everything that an error could be printed from: message, hint, details, stack and every cause. */
function allOf(error: unknown): string {
  return inspect(error, { depth: 10, maxStringLength: null, showHidden: true })
}

test('a key that cannot be used, and a wrong passphrase, are in no error', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-keys-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'key')
  const made = spawnSync('ssh-keygen', [
    '-q',
    '-t',
    'ed25519',
    '-a',
    '1',
    '-N',
    'the right one',
    '-f',
    join(folder, 'good'),
  ])
  assert.equal(made.status, 0, String(made.stderr))
  const good = await readFile(join(folder, 'good'), 'utf8')
  const body = good.split('\n').slice(1, -2).join('\n')
  const texts = [
    CANARY,
    `${BEGIN}\n${CANARY}\n${END}\n`,
    `${BEGIN}\n${Buffer.from(`openssh-key-v1\0${CANARY}`).toString('base64')}\n${END}\n`,
    `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: ${CANARY},00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n`,
    `${BEGIN}\n${body.slice(0, 200)}\n${END}\n`,
    `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: ${CANARY}\n`,
    good,
  ]
  for (const text of texts) {
    await writeFile(path, text, { mode: 0o600 })
    const refused = (error: unknown) => {
      assertFromTable(error, 'secret-unreadable')
      const all = allOf(error)
      assert.equal(all.includes(CANARY) || all.includes(body.slice(80, 120)), false, all)
      return true
    }
    await assert.rejects(new PrivateKeyFile(path, async () => CANARY).load(), refused)
    await assert.rejects(new PrivateKeyFile(path).load(), refused)
  }
})
