// runs beside other labs
// time limit: 1200 s
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { programText } from '../../../../adapters/programs/stream-program.ts'
import { ResticRepository } from '../../../../adapters/repositories/restic/restic-repository.ts'
import { KEY, save } from '../../../conformance/repository.ts'
import { freePort } from '../../../labs/free-port.ts'
import { newResticRepository, PASSWORD, resticEnvironment } from '../../../labs/restic-repository.ts'
import { waitFor } from '../../../labs/wait-for.ts'

test('a REST server keeps backups; its password is in no argument', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-rest-'))
  const port = await freePort()
  const words = ['serve', 'restic', '--addr', `127.0.0.1:${port}`, '--user', 'u', '--pass', 'pass4rest', folder]
  const server = spawn('rclone', words, { stdio: 'ignore' })
  try {
    await waitFor(() => answers(port), { what: 'rclone', timeoutMs: 20_000 })
    const address = `rest:http://u:pass4rest@127.0.0.1:${port}/`
    await tryRemote(address, { PATH: process.env.PATH ?? '', HOME: folder }, `rest:http://127.0.0.1:${port}/`)
  } finally {
    const gone = new Promise((resolve) => server.once('close', resolve))
    server.kill()
    await gone
    await rm(folder, { recursive: true, force: true })
  }
})

test('a server of sftp keeps backups', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-sftp-'))
  try {
    // The other end of an ssh that this machine reaches without a network.
    await writeFile(join(folder, 'ssh'), '#!/bin/sh\nexec /usr/lib/openssh/sftp-server\n')
    await chmod(join(folder, 'ssh'), 0o755)
    const address = `sftp:nas.example:${folder}/repository`
    await tryRemote(address, { PATH: `${folder}:${process.env.PATH}`, HOME: folder }, address)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('a dump of 1 GB goes through in little memory, and a second one of nearly the same takes little room', async () => {
  const { address, repository } = await newResticRepository()
  try {
    const block = randomBytes(1024 * 1024)
    const before = process.memoryUsage().rss
    let most = 0
    async function* dump(change: number) {
      for (let index = 0; index < 1024; index += 1) {
        block.writeUInt32LE(index < 1000 ? index : index + change, 4096)
        yield Buffer.from(block)
        most = Math.max(most, process.memoryUsage().rss)
      }
    }
    for (const [id, change] of [
      [KEY.id, 0],
      ['01JDBBBBBBBBBBBBBBBBBBBBBB', 5000],
    ] as const) {
      const writer = await repository.begin({ vm: 'db1', id })
      assert.equal((await writer.write('databases.sql', dump(change))).sizeBytes, 1024 ** 3)
    }
    assert.ok(most - before < 100 * 1024 ** 2, `${Math.round((most - before) / 1024 ** 2)} MB more than before`)
    const stored = await sizeOf(address)
    assert.ok(stored < 1.4 * 1024 ** 3, `both take ${Math.round(stored / 1024 ** 2)} MB`)
    console.error(
      `restic: ${Math.round((most - before) / 1024 ** 2)} MB of memory, ${Math.round(stored / 1024 ** 2)} MB stored`,
    )
  } finally {
    await rm(address, { recursive: true, force: true })
  }
})

async function tryRemote(address: string, environment: Readonly<Record<string, string>>, shown: string): Promise<void> {
  const init = { ...resticEnvironment(address), ...environment }
  await programText({ name: 'restic', words: ['init', '--quiet', '--no-cache'], environment: init })
  const repository = new ResticRepository({
    ...{ name: 'vault', shownAddress: shown, address: async () => address, password: async () => PASSWORD },
    environment: async () => environment,
  })
  const [reached] = await repository.check()
  assert.equal(reached?.code, 'repository-reached')
  const shows = watchArguments()
  await save(repository)
  assert.deepEqual(await repository.list('db1'), [KEY.id])
  for await (const _ of await repository.read(KEY, 'databases.sql.gz'));
  await repository.remove(KEY)
  await repository.tidy()
  assert.deepEqual(await repository.list('db1'), [])
  assert.deepEqual(await shows(), [])
  assert.ok(!repository.whereabouts(KEY).includes('pass4rest'))
}

/** What stood in arguments of restic and held a password, by the end. */
function watchArguments(): () => Promise<readonly string[]> {
  const seen: string[] = []
  let over = false
  const watching = (async () => {
    while (!over) {
      for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
        const line = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')
        if (line.startsWith('restic') && (line.includes('pass4rest') || line.includes(PASSWORD))) seen.push(line)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })()
  return async () => {
    over = true
    await watching
    return seen
  }
}

async function answers(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(socket.destroy() && true)).once('error', () => resolve(undefined))
  })
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(file.parentPath, file.name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
