import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rowEvents } from '../../src/repository/binlog-events.ts'
import type { Wanted } from '../../src/repository/logged-statement.ts'
import { type ReplayFacts, replayable } from '../../src/repository/replayable.ts'

const ALL: Wanted = { databases: ['a', 'b'], others: [], everything: true }
const ONLY_A: Wanted = { databases: ['a'], others: ['b'], everything: false }

/** As mariadb-binlog writes it. */
const HEAD = `/*!50530 SET @@SESSION.PSEUDO_SLAVE_MODE=1*/;
/*!40019 SET @@session.max_delayed_threads=0*/;
DELIMITER /*!*/;
# at 4
#261128  4:16:23 server id 7  end_log_pos 256 CRC32 0xcbd0121b 	Start: binlog v 4
ROLLBACK/*!*/;
`
const TAIL = `DELIMITER ;
# End of log file
ROLLBACK /* added by mysqlbinlog */;
/*!50003 SET COMPLETION_TYPE=@OLD_COMPLETION_TYPE*/;
/*!50530 SET @@SESSION.PSEUDO_SLAVE_MODE=0*/;
`
/** Rows of a.t, of b.t, and of both in one statement: events of a real server. */
const OF_A = `BINLOG '
mFUKaxMHAAAALAAAAK8EAAAAABIAAAAAAAEAAWEAAXQAAgMPAhQAAgLClro=
mFUKaxcHAAAAKAAAANcEAAAAABIAAAAAAAEAAgP8AwAAAAF6l9F9sA==
'/*!*/;
`
const OF_B = `BINLOG '
mFUKaxMHAAAALAAAAIoGAAAAABYAAAAAAAEAAWIAAXQAAgMPAAAAAoh5n3k=
mFUKaxcHAAAANgAAAMAGAAAAABYAAAAAAAEAAgP8AQAAAAF4/AIAAAABefwDAAAAAXrra91f
'/*!*/;
`
const OF_BOTH = `BINLOG '
mFUKaxMHAAAALAAAAIIHAAAAABIAAAAAAAEAAWEAAXQAAgMPAhQAAt7fZzk=
mFUKaxMHAAAALAAAAK4HAAAAABYAAAAAAAEAAWIAAXQAAgMPAAAAAvDiKkM=
mFUKaxgHAAAATAAAAPoHAAAAABIAAAAAAAAAAgMD/AEAAAABePwBAAAAAXH8AgAAAAF5/AIAAAAB
'/*!*/;
`
const transaction = (n: number, text: string) => `# at ${n}
/*M!100001 SET @@session.gtid_seq_no=${n}*//*!*/;
START TRANSACTION
/*!*/;
SET TIMESTAMP=1795839383/*!*/;
${text}COMMIT/*!*/;
`
const statement = (text: string) => `${text}\n/*!*/;\n`

async function replayed(text: string, wanted: Wanted): Promise<{ text: string; facts: ReplayFacts }> {
  async function* source() {
    for (let at = 0; at < text.length; at += 7) yield Buffer.from(text.slice(at, at + 7))
  }
  const { bytes, facts } = replayable(source(), wanted)
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return { text: Buffer.concat(chunks).toString(), facts }
}

test('where a backslash is a letter, as the number of a mode says, a statement ends with its quote', async () => {
  const mode = (number: number) => statement(`SET @@session.sql_mode=${number}`)
  const one = statement("INSERT INTO a.t VALUES ('C:\\')")
  const other = statement("INSERT INTO a.t VALUES ('it\\'s')")
  const text = `${HEAD}${mode(1048576)}${transaction(1, one)}${mode(0)}${transaction(2, other)}${TAIL}`
  const { text: all, facts } = await replayed(text, ALL)
  assert.ok(all.includes(one) && all.includes(other))
  assert.deepEqual([facts.changes, facts.transactions, facts.ended], [2, 2, true])
})

test('the tables that rows belong to are told by the events before them', () => {
  assert.deepEqual(rowEvents(OF_A), { databases: ['a'], complete: true, atSeconds: 0x6b0a5598 })
  assert.deepEqual(rowEvents(OF_BOTH)?.databases, ['a', 'b'])
  assert.equal(rowEvents(OF_A.slice(0, 40))?.complete, false)
  assert.equal(rowEvents('INSERT INTO t'), undefined)
})

test('everything of a server passes but accounts and the names of transactions', async () => {
  const log = `${HEAD}${transaction(4, `${OF_A}${OF_BOTH}`)}${transaction(5, statement("use `a`/*!*/;\ninsert into b.t values ('x; -- GRANT')"))}${statement("create user u identified by 'x'")}${statement('GRANT ALL ON a.* TO u')}${TAIL}`
  const { text, facts } = await replayed(log, ALL)
  assert.deepEqual(
    { ...facts, firstMs: 0, lastMs: 0 },
    { changes: 3, transactions: 2, accounts: 2, others: 0, firstMs: 0, lastMs: 0, ended: true },
  )
  assert.equal(facts.firstMs, 0x6b0a5598 * 1000)
  assert.doesNotMatch(text, /create user|^GRANT|gtid_seq_no/m)
  assert.match(text, /insert into b\.t values \('x; -- GRANT'\)/)
  assert.match(text, /DELIMITER \/\*!\*\/;/)
})

test('with other databases left out, rows and definitions are told apart', async () => {
  const log = `${HEAD}${transaction(4, OF_A)}${transaction(5, OF_B)}${statement('create database b')}${statement('create table b.u (i int)')}${statement('create table a.u (i int)')}${statement('use `b`/*!*/;\ncreate table w (i int)')}${statement('use `a`/*!*/;\nalter table t add j int')}${TAIL}`
  const { text, facts } = await replayed(log, ONLY_A)
  assert.deepEqual([facts.changes, facts.others, facts.transactions], [3, 4, 1 + 1])
  assert.doesNotMatch(text, /database b|b\.u|table w|use `b`/)
  assert.match(text, /alter table t add j int/)
})

for (const [what, text, why] of [
  ['rows of both in one statement', OF_BOTH, /rows of a and b together/],
  ['a change without rows', statement('insert into a.t values (1)'), /not by its rows/],
  ['a definition of both', statement('create table a.t like b.t'), /both wanted and not/],
  ['a definition that may refer to another', statement('use `b`/*!*/;\ncreate table a.t like x'), /may refer to b/],
] as const) {
  test(`with other databases left out, ${what} is refused`, async () => {
    await assert.rejects(replayed(`${HEAD}${text}${TAIL}`, ONLY_A), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'not-replayable')
      assert.match(error.message, why)
      return true
    })
  })
}

test('transactions that keep their names, and files that were loaded, are refused', async () => {
  const named = statement("SET @@SESSION.GTID_NEXT= '3e11fa47-71ca-11e1-9e33-c80aa9429562:23'")
  await assert.rejects(replayed(`${HEAD}${named}${TAIL}`, ALL), /keep their names/)
  const loaded = statement("LOAD DATA LOCAL INFILE '/tmp/x' INTO TABLE t")
  await assert.rejects(replayed(`${HEAD}${loaded}${TAIL}`, ALL), /LOAD DATA/)
})

test('what is cut off has not ended', async () => {
  assert.equal((await replayed(`${HEAD}${transaction(4, OF_A)}`, ALL)).facts.ended, false)
  assert.equal((await replayed(`${HEAD}${TAIL}insert`, ALL)).facts.ended, false)
  assert.equal((await replayed(`${HEAD}${TAIL}`, ALL)).facts.changes, 0)
})
