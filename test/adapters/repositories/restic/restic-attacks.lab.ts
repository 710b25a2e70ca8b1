// runs beside other labs
// time limit: 1200 s
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { readdir, readFile, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import type { ResticRepository } from '../../../../adapters/repositories/restic/restic-repository.ts'
import type { StillshotError } from '../../../../src/errors.ts'
import { hasCode, KEY, save } from '../../../conformance/repository.ts'
import {
  newResticRepository,
  openRestic,
  PASSWORD,
  resticByHand,
  resticEnvironment,
} from '../../../labs/restic-repository.ts'
import { waitFor } from '../../../labs/wait-for.ts'

const OTHER = { vm: 'db1', id: '01JDBBBBBBBBBBBBBBBBBBBBBB' }

describe('restic that is attacked', () => {
  let address: string
  let repository: ResticRepository
  before(async () => {
    const made = await newResticRepository()
    address = made.address
    repository = made.repository
    await save(repository)
  })
  after(() => rm(address, { recursive: true, force: true }))

  test('a wrong password, a missing repository and a missing restic say so, with the way out', async () => {
    const [wrong] = await openRestic(address, 'wrong').check()
    assert.match(`${wrong?.code} ${wrong?.message}`, /^repository-unusable .*wrong password/)
    const [absent] = await openRestic(`${address}-absent`).check()
    assert.match(`${absent?.severity} ${absent?.hint}`, /^refuse .*restic -r \S+-absent init/)
  })

  test('the password is in no argument and in no environment of restic', async () => {
    const writer = await repository.begin(OTHER)
    const abort = new AbortController()
    async function* slow() {
      yield Buffer.from('a part')
      await new Promise(() => {})
    }
    const writing = writer.write('databases.sql', slow(), { signal: abort.signal })
    const pid = await waitFor(() => findRestic(address), { what: 'restic', timeoutMs: 20_000, everyMs: 50 })
    const seen = `${await readFile(`/proc/${pid}/cmdline`, 'latin1')}${await readFile(`/proc/${pid}/environ`, 'latin1')}`
    assert.ok(seen.includes('--stdin') && !seen.includes(PASSWORD))
    abort.abort(new Error('enough'))
    await assert.rejects(writing, /enough/)
    assert.deepEqual(await repository.list('db1'), [KEY.id])
    await repository.remove(OTHER)
  })

  test('a lock of a dead restic of this machine does not stand in the way; others do, by name', async () => {
    await killedBackup(address)
    assert.equal((await locks(address)).length, 1)
    await save(repository, OTHER)
    await repository.remove(OTHER)
    assert.equal((await locks(address)).length, 0)
    const living = spawn('restic', ['backup', '--stdin', '--quiet', '--no-cache'], { env: resticEnvironment(address) })
    try {
      await waitFor(async () => ((await locks(address)).length > 0 ? true : undefined), {
        what: 'a lock',
        timeoutMs: 30_000,
      })
      await save(repository, OTHER)
      await assert.rejects(repository.remove(OTHER), (thrown: StillshotError) => {
        assert.deepEqual([thrown.code, thrown.exitStatus], ['repository-locked', 62])
        assert.match(thrown.message, new RegExp(`PID ${living.pid}`))
        assert.match(thrown.hint, /restic -r \S+ unlock/)
        return true
      })
    } finally {
      const gone = new Promise((resolve) => living.once('close', resolve))
      living.kill('SIGINT')
      await gone
    }
    await repository.remove(OTHER)
    assert.deepEqual(await repository.list('db1'), [KEY.id])
  })

  test('what a killed backup left is given back with the rest, and harms no other', async () => {
    await save(repository, OTHER)
    await repository.remove(OTHER)
    await repository.tidy()
    assert.deepEqual(await repository.list('db1'), [KEY.id])
    await drain(await repository.read(KEY, 'databases.sql.gz'))
    assert.equal(await resticByHand(address, 'check', '--read-data').then(() => 'sound'), 'sound')
  })

  test('its commands for people read the backup', async () => {
    const hand = repository.byHand(KEY)
    const script = [
      ...hand.begin.map((line) => line.replace('=FILE', '=$SECRET')),
      `${hand.read('databases.sql.gz')} > /dev/null`,
    ]
    const { PATH = '' } = process.env
    const run = promisify(execFile)(
      'bash',
      ['-ec', `SECRET=$(mktemp); printf %s "$P" > $SECRET; ${script.join('; ')}`],
      {
        env: { PATH, P: PASSWORD, HOME: '/root' },
      },
    )
    assert.match((await run).stdout, /01JDAAAA/)
    await save(repository, OTHER)
    await promisify(execFile)('sh', ['-ec', repository.byHand(OTHER).remove], { env: resticEnvironment(address) })
    assert.deepEqual(await repository.list('db1'), [KEY.id])
  })

  test('packs that are damaged are backup-damaged, and nothing is passed off as whole', async () => {
    for (const pack of await packsOf(address)) await truncate(pack, 100)
    await assert.rejects(drain(await repository.read(KEY, 'databases.sql.gz')), hasCode('backup-damaged'))
  })
})

async function drain(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of bytes);
}

async function locks(address: string): Promise<readonly string[]> {
  return readdir(join(address, 'locks'))
}

async function packsOf(address: string): Promise<readonly string[]> {
  const entries = await readdir(join(address, 'data'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** A restic that dies while it writes: its lock stays. */
async function killedBackup(address: string): Promise<void> {
  const child = spawn('restic', ['backup', '--stdin', '--quiet', '--no-cache'], { env: resticEnvironment(address) })
  await waitFor(async () => ((await locks(address)).length > 0 ? true : undefined), {
    what: 'a lock',
    timeoutMs: 30_000,
  })
  const gone = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await gone
}

async function findRestic(address: string): Promise<string | undefined> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => '')
    if (!(await read('cmdline')).includes('databases.sql')) continue
    if ((await read('environ')).includes(address)) return pid
  }
  return undefined
}
