/**
 * A process of its own for the tests of several processes. `lock PATH HOLD`: takes the lock as soon as standard input
 * speaks, prints `won` or the error's code. `write PATH`: saves runs without end, printing the number of each when it
 * is saved. `halt PATH`: begins a transaction, prints `inside` and stays there.
 */
import { DatabaseSync } from 'node:sqlite'
import { openSqliteCatalog } from '../../../../adapters/catalogs/sqlite/sqlite-catalog.ts'
import { NodeClock } from '../../../../adapters/system/node-clock.ts'
import { aLock, aRun } from '../../../conformance/catalog-records.ts'

const [act, path = '', holdId = ''] = process.argv.slice(2)
if (act === 'lock') await lock()
if (act === 'write') await write()
if (act === 'halt') halt()

async function lock(): Promise<void> {
  process.stdout.write('ready\n')
  await new Promise((resolve) => process.stdin.once('data', resolve))
  const catalog = await openSqliteCatalog({ path, clock: new NodeClock() })
  const outcome = await catalog.lockVm(aLock({ holdId })).then(
    () => 'won',
    (error) => String(error.code),
  )
  process.stdout.write(`${outcome}\n`)
  process.stdin.destroy()
}

async function write(): Promise<void> {
  const catalog = await openSqliteCatalog({ path, clock: new NodeClock() })
  for (let count = 1; ; count += 1) {
    await catalog.saveRun(aRun({ id: `run-${count}` }))
    await new Promise((resolve) => process.stdout.write(`${count}\n`, resolve))
  }
}

function halt(): void {
  const database = new DatabaseSync(path)
  database.exec("BEGIN IMMEDIATE; INSERT INTO runs (id, procedure, vm, started_at) VALUES ('half', 'p', 'v', 's')")
  process.stdout.write('inside\n')
  setInterval(() => database, 1000)
}
