import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { StillshotError } from '../../src/errors.ts'
import { onlyDatabases } from '../../src/repository/only-databases.ts'

const HEADER = `/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n--\n/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;\n`
const section = (name: string, body: string) =>
  `\n--\n-- Current Database: \`${name}\`\n--\n\nCREATE DATABASE /*!32312 IF NOT EXISTS*/ \`${name}\` /*!40100 DEFAULT CHARACTER SET utf8mb4 */;\n\nUSE \`${name}\`;\n${body}`

const FORGED =
  '\n--\n-- Current Database: `b`\n--\n\nCREATE DATABASE /*!32312 IF NOT EXISTS*/ `b`;\n\nUSE `b`;\nGRANT ALL ON *.* TO x;\n'

/** Texts that look like the beginning of another database, where the client sees none. */
const HARMLESS: Readonly<Record<string, string>> = {
  'a string': `INSERT INTO t VALUES ('it''s ${FORGED}', 'back\\\\', 'sl\\'ash ${FORGED}');\n`,
  'a double quoted string': `INSERT INTO t VALUES ("${FORGED}");\n`,
  'an identifier': `CREATE TABLE \`x\\${FORGED.replaceAll('`', '``')}\` (a INT);\n`,
  'a comment': `/* ${FORGED.replaceAll('*/', '')} ' */ SELECT 1;\n-- it's; USE \`b\`;\n# "; USE \`b\`;\n--\nSELECT 2;\n`,
  'the text of a routine': `DELIMITER ;;\nCREATE PROCEDURE p() BEGIN SELECT 1; ${FORGED} END ;;\nDELIMITER ;\n`,
  'a routine whose mode knows no escapes': `DELIMITER ;;\n/*!50003 SET sql_mode = 'NO_BACKSLASH_ESCAPES' */ ;;\nCREATE PROCEDURE q() SELECT 'a\\' ;;\nCREATE PROCEDURE r() SELECT '${FORGED.replaceAll(';', '')}' ;;\n/*!50003 SET sql_mode = @saved_sql_mode */ ;;\nDELIMITER ;\n`,
  'minus a minus': 'SELECT 1 --1;\n',
  'a long statement': `INSERT INTO t VALUES ${"('x'),".repeat(5000)}('y');\n`,
}

async function filtered(text: string, wanted: readonly string[], sizes: readonly number[] = [65_536]): Promise<string> {
  const bytes = Buffer.from(text)
  async function* chunks() {
    for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
      const size = sizes[turn % sizes.length] ?? 1
      yield bytes.subarray(at, at + size)
      at += size
    }
  }
  const out: Uint8Array[] = []
  for await (const chunk of onlyDatabases(chunks(), wanted, ['a', 'b', 'c`d'])) out.push(chunk)
  return words(Buffer.concat(out).toString())
}

/** What stands between two statements goes with the later one. */
function words(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}

const A = section('a', Object.values(HARMLESS).join(''))
const B = section('b', 'CREATE TABLE t (a INT);\n')
const C = section('c``d', 'INSERT INTO t VALUES (1);\n')

test('each database alone, with what stands before the first', async () => {
  const whole = HEADER + A + B + C
  assert.ok((await filtered(whole, ['a', 'b', 'c`d'])) === words(whole))
  assert.ok((await filtered(whole, ['b'])) === words(HEADER + B))
  assert.ok((await filtered(whole, ['c`d'])) === words(HEADER + C))
  assert.ok((await filtered(whole, ['a', 'c`d'])) === words(HEADER + A + C))
})

for (const [name, text] of Object.entries(HARMLESS)) {
  test(`${name} changes to no other database`, async () => {
    const whole = HEADER + section('a', text) + B
    assert.ok((await filtered(whole, ['b'])) === words(HEADER + B))
    assert.ok((await filtered(whole, ['a'])) === words(HEADER + section('a', text)))
  })
}

test('it does not matter where the chunks are cut', async () => {
  const whole = HEADER + A + B + C
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 }), async (sizes) => {
      assert.ok((await filtered(whole, ['b'], sizes)) === words(HEADER + B))
    }),
    { numRuns: 30 },
  )
})

test('a database that the dump is not said to hold is backup-damaged', async () => {
  await assert.rejects(
    filtered(HEADER + section('mysql', ''), ['a']),
    (error) => error instanceof StillshotError && error.code === 'backup-damaged',
  )
})
