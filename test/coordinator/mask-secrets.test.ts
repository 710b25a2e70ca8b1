import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maskSecrets } from '../../src/coordinator/mask-secrets.ts'
import { textDifference } from '../../src/coordinator/text-difference.ts'

/** Each has `SECRET` where a secret stands. */
const TEXTS: Readonly<Record<string, string>> = {
  'config.inc.php in one line': "$g_db_system = ['user' => 'idoit', 'pass' => 'SECRET', 'name' => 'x'];",
  'config.inc.php by lines': "$g_db_system = [\n  'user' => 'idoit',\n  'pass' => 'SECRET',\n];",
  'an array of administrators': "$g_admin_auth = [\n  'admin' => 'SECRET',\n  'other' => 'SECRET'\n];\n$x = 1;",
  'a value on the next line': "define('DB_PASSWORD',\n  'SECRET');",
  'a client section': '[client]\nuser = root\npassword = "SECRET"\n',
  'a block of YAML': 'token: |\n  SECRET\n  SECRET\nother: x',
  'a continued value': 'secret = SECRET\\\n  SECRET\nother = x',
  'a quoted value of two lines': 'password = "SECRET\nSECRET"\nother = x',
  'an address': 'url = mysql://idoit:SECRET@localhost/x',
  'a job of cron': '* * * * * root mysqldump -u root -pSECRET x > /y',
  'the environment of a job': 'MYSQL_PWD=SECRET',
  'a file of htpasswd': 'admin:$apr1$SECRET',
  'a bearer': 'Header set Authorization "Bearer SECRET"',
}

for (const [what, text] of Object.entries(TEXTS)) {
  test(`no secret is left in ${what}`, () => {
    assert.doesNotMatch(maskSecrets(text.split('\n')).join('\n'), /SECRET/)
  })
}

test('what follows a secret is shown again', () => {
  const lines = ["'pass' => 'x',", "'name' => 'idoit',", 'token: |', '  y', 'end: of it', 'other: z']
  assert.deepEqual(maskSecrets(lines), ["'pass ***", "'name' => 'idoit',", 'token ***', '***', '***', 'other: z'])
})

test('a secret that changed is told as changed, neither value is shown', () => {
  const now = Buffer.from('[client]\nuser=a\npassword=one\n')
  const backup = Buffer.from('[client]\nuser=a\npassword=two\n')
  assert.deepEqual(textDifference('/etc/my.cnf', now, backup)?.lines, [
    ...[' [client]', ' user=a', '-password ***', '+password ***'],
  ])
})

test('keys, and what is no text, are not shown', () => {
  const text = (content: string) => Buffer.from(content)
  const key = '-----BEGIN PRIVATE KEY-----\nx\n'
  assert.equal(textDifference('/etc/a.conf', text(key), text('y')), undefined)
  assert.equal(textDifference('/etc/.htpasswd', text('x'), text('y')), undefined)
  assert.equal(textDifference('/etc/a', text('x\0'), text('y')), undefined)
})

test('lines around a change are shown, others are not', () => {
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`)
  const changed = lines.toSpliced(5, 1, 'five').toSpliced(30, 1)
  const shown = textDifference('/etc/a', Buffer.from(lines.join('\n')), Buffer.from(changed.join('\n')))?.lines ?? []
  assert.deepEqual(
    shown.filter((each) => !each.startsWith(' ')),
    ['-line 5', '+five', '@@', '-line 30'],
  )
  assert.equal(shown.length, 4 + 12)
})
