import { StillshotError } from '../errors.ts'
import { callLimit } from '../system/call-limit.ts'
import { type CallOptions, type Clock, DeadlineExceeded } from '../system/clock.ts'
import { orAborted } from '../system/or-aborted.ts'
import type { BackupWriter, Repository } from './repository.ts'

/** What the storage is given for an answer where the caller names no time. A large backup takes longest to remove. */
const ANSWER_MS = 60_000
const FINISH_MS = 300_000
const REMOVE_MS = 600_000
const TIDY_MS = 7_200_000

/**
 * The repository, every call of which ends in its time and when its signal aborts. A share whose server is gone keeps a call
 * in the kernel, where no signal reaches it: nobody waits for it any more, and how it ended is seen by looking.
 */
export function boundedRepository(repository: Repository, clock: Clock): Repository {
  const within = bounds(repository.name, clock)
  return {
    name: repository.name,
    compression: repository.compression,
    ...(repository.sealing === undefined ? {} : { sealing: repository.sealing }),
    async check(options) {
      try {
        return await within(options, ANSWER_MS, (limited) => repository.check(limited))
      } catch (thrown) {
        if (!(thrown instanceof StillshotError) || thrown.code !== 'repository-unusable') throw thrown
        const { code, message, hint } = thrown
        return [{ severity: 'refuse', code, message, hint, error: code }]
      }
    },
    place: (guestHost, options) => within(options, ANSWER_MS, (limited) => repository.place(guestHost, limited)),
    begin: async (key, options) =>
      boundedWriter(await within(options, ANSWER_MS, (limited) => repository.begin(key, limited)), within),
    list: (vm, options) => within(options, ANSWER_MS, (limited) => repository.list(vm, limited)),
    manifest: (key, options) => within(options, ANSWER_MS, (limited) => repository.manifest(key, limited)),
    // The caller's own signal: the bytes are read long after the call for them has ended.
    read: async (key, stream, options = {}) => {
      const bytes = await within(options, ANSWER_MS, () => repository.read(key, stream, options))
      return options.signal === undefined ? bytes : untilAborted(bytes, options.signal)
    },
    remove: (key, options) => within(options, REMOVE_MS, (limited) => repository.remove(key, limited)),
    ...(repository.tidy === undefined
      ? {}
      : { tidy: (options) => within(options, TIDY_MS, async (limited) => repository.tidy?.(limited)) }),
    whereabouts: (key) => repository.whereabouts(key),
    byHand: (key) => repository.byHand(key),
  }
}

function boundedWriter(writer: BackupWriter, within: Within): BackupWriter {
  return {
    // Of any length: the caller's signal ends it when nothing moves.
    write: (stream, bytes, options) => within(options, undefined, (limited) => writer.write(stream, bytes, limited)),
    finish: (manifest, options) => within(options, FINISH_MS, (limited) => writer.finish(manifest, limited)),
  }
}

type Within = ReturnType<typeof bounds>

function bounds(name: string, clock: Clock) {
  return async <T>(
    options: CallOptions = {},
    timeoutMs: number | undefined,
    work: (limited: CallOptions) => Promise<T>,
  ): Promise<T> => {
    using limit = callLimit(clock, { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...options })
    const { signal } = limit
    signal.throwIfAborted()
    try {
      return await orAborted(work({ signal }), signal)
    } catch (thrown) {
      if (!(thrown instanceof DeadlineExceeded)) throw thrown
      const message = `repository ${name}: its storage does not answer: ${thrown.message}`
      throw new StillshotError('repository-unusable', message, { cause: thrown })
    }
  }
}

async function* untilAborted(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await orAborted(iterator.next(), signal)
      if (next.done) return
      yield next.value
    }
  } finally {
    // Not waited for: behind a read that hangs it hangs, too.
    iterator.return?.()?.catch(() => {})
  }
}
