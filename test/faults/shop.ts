import { waitFor } from '../labs/wait-for.ts'
import type { Scene } from './scene.ts'

/** Two databases of an application, which a backup has as they were and a restore puts back; what is in them is one number each. */
export const DATABASES = ['first', 'second'] as const

export async function makeShop({ guest }: Scene, content: number): Promise<void> {
  const made = DATABASES.map(
    (name) =>
      `CREATE DATABASE IF NOT EXISTS ${name}; CREATE OR REPLACE TABLE ${name}.t (a INT) ENGINE=InnoDB; INSERT INTO ${name}.t VALUES (${content})`,
  )
  await guest.sql(made.join(';\n'))
}

/** What both say, such as `2 2`; a database that is not there or not whole says `none`. */
export async function contentOf({ ground }: Scene): Promise<string> {
  const words: string[] = []
  for (const name of DATABASES) {
    const { status, stdout } = await ground.inside(`timeout 10 mariadb -N -e 'SELECT a FROM ${name}.t'`)
    words.push(status === 0 && stdout.trim() !== '' ? stdout.trim() : 'none')
  }
  return words.join(' ')
}

const LOCKER = 'somebody'

/** Somebody keeps the second database's table to himself, so that a dump or a load stands still before it. */
export async function lockTable({ ground }: Scene, how: 'alone' | 'reading'): Promise<void> {
  const begin = how === 'alone' ? 'LOCK TABLES second.t WRITE' : 'BEGIN; SELECT * FROM second.t'
  const { status, stderr } = await ground.inside(
    `systemd-run --quiet --collect --unit=${LOCKER} mariadb -e "${begin}; SELECT SLEEP(600)"`,
  )
  if (status !== 0) throw new Error(`the table could not be locked: ${stderr}`)
  const sleeping = async () => ((await processList(ground)).includes('SLEEP(600)') ? true : undefined)
  await waitFor(sleeping, { what: 'the table to be locked', timeoutMs: 20_000, everyMs: 50 })
}

/** Safe twice. */
export async function unlockTable({ ground }: Scene): Promise<void> {
  await ground.inside(`systemctl stop ${LOCKER}`)
}

/** Resolves when somebody's statement waits for the table. */
export async function waitsForTable({ ground }: Scene): Promise<void> {
  const waiting = async () => (/Waiting for table/i.test(await processList(ground)) ? true : undefined)
  await waitFor(waiting, { what: 'a statement that waits for the table', timeoutMs: 60_000, everyMs: 50 })
}

async function processList(ground: Scene['ground']): Promise<string> {
  return (await ground.inside("timeout 10 mariadb -N -e 'SHOW FULL PROCESSLIST'")).stdout
}
