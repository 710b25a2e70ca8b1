import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { MemoryRepository } from '../../adapters/repositories/fake/memory-repository.ts'
import { VirtualClock } from '../../adapters/system/fake/virtual-clock.ts'
import { boundedRepository } from '../../src/repository/bounded-repository.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import type { BackupWriter, Repository } from '../../src/repository/repository.ts'
import type { CallOptions } from '../../src/system/clock.ts'
import { hasCode, KEY, save, testRepository } from '../conformance/repository.ts'

testRepository('bounded', async () => boundedRepository(new MemoryRepository('nas'), new VirtualClock({ auto: true })))

const never = () => new Promise<never>(() => {})
const HANGS: Repository = {
  ...{ name: 'nas', check: never, place: never, list: never, manifest: never, remove: never },
  begin: async (): Promise<BackupWriter> => ({ write: never, finish: never }),
  read: async () => ({ [Symbol.asyncIterator]: () => ({ next: never, return: never }) }),
  whereabouts: () => 'nas',
  compression: 'gzip',
  byHand: () => ({ begin: [], read: () => '', remove: '' }),
}

const CALLS: Readonly<Record<string, (repository: Repository, options: CallOptions) => Promise<unknown>>> = {
  place: (repository, options) => repository.place('10.0.0.5', options),
  list: (repository, options) => repository.list('db1', options),
  manifest: (repository, options) => repository.manifest(KEY, options),
  remove: (repository, options) => repository.remove(KEY, options),
  finish: async (repository, options) => (await repository.begin(KEY)).finish({} as Manifest, options),
}

/** One that only moves on when told, so that an abort comes before any deadline. */
const stands = () => boundedRepository(HANGS, new VirtualClock())

describe('storage that does not answer', () => {
  for (const [name, call] of Object.entries(CALLS)) {
    test(`${name}: ends in its time, also where the caller named none, and when it is cancelled`, async () => {
      for (const options of [{}, { timeoutMs: 1_000 }]) {
        const hangs = boundedRepository(HANGS, new VirtualClock({ auto: true }))
        await assert.rejects(call(hangs, options), hasCode('repository-unusable'))
      }
      const controller = new AbortController()
      const calling = call(stands(), { signal: controller.signal })
      controller.abort(new Error('cancelled'))
      await assert.rejects(calling, /^Error: cancelled$/)
    })
  }

  test('check() says so, and rejects only when it is cancelled', async () => {
    const hangs = boundedRepository(HANGS, new VirtualClock({ auto: true }))
    const [finding] = await hangs.check()
    assert.deepEqual([finding?.severity, finding?.error], ['refuse', 'repository-unusable'])
  })

  test('streams that are written or read end when they are cancelled', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const writer = await stands().begin(KEY)
    const writing = writer.write('a.gz', Readable.from([]), { signal })
    const read = async () => {
      for await (const _ of await stands().read(KEY, 'a.gz', { signal }));
    }
    const reading = read()
    controller.abort(new Error('cancelled'))
    for (const work of [writing, reading]) await assert.rejects(work, /^Error: cancelled$/)
  })

  test('what is read with a signal is whole', async () => {
    const repository = boundedRepository(new MemoryRepository('nas'), new VirtualClock())
    await save(repository)
    let sizeBytes = 0
    for await (const chunk of await repository.read(KEY, 'databases.sql.gz', new AbortController())) {
      sizeBytes += chunk.length
    }
    assert.ok(sizeBytes > 1_000_000)
  })
})
