import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import type { GuestShell, StreamResult } from '../../src/guest/guest-shell.ts'
import { type GuestUnderTest, hasCode, until, withShell } from './guest-shell-subject.ts'

/** What `stream` keeps: bytes of any length in both directions, and an end that tells whether they were whole. */
export function testGuestStreams(guest: () => GuestUnderTest): void {
  test('gives output of any length in order, error output and exit status', async () => {
    await withShell(guest(), async (shell) => {
      const { result, bytes } = await read(shell, ['sh', '-c', 'seq 1 1500000; echo err >&2; exit 3'])
      assert.deepEqual(result, { exitStatus: 3, stderr: 'err\n' })
      const lines = Array.from({ length: 1_500_000 }, (_, index) => `${index + 1}\n`).join('')
      assert.equal(bytes.length, lines.length)
      assert.equal(hashOf(bytes), hashOf(Buffer.from(lines)))
    })
  })

  test('input of any length arrives whole and then ends', async () => {
    await withShell(guest(), async (shell) => {
      const chunk = Buffer.from('línea\n'.repeat(20_000))
      const { result, bytes } = await read(
        shell,
        ['wc', '-c'],
        Array.from({ length: 30 }, () => chunk),
      )
      assert.equal(result.exitStatus, 0)
      assert.equal(Number(bytes.toString()), chunk.length * 30)
    })
  })

  test('a command that ends without reading its input gives its exit status', async () => {
    await withShell(guest(), async (shell) => {
      const input = Array.from({ length: 100 }, () => Buffer.alloc(65_536))
      assert.equal((await read(shell, ['sh', '-c', 'exit 4'], input)).result.exitStatus, 4)
    })
  })

  test('names the signal that ended the command', async () => {
    await withShell(guest(), async (shell) => {
      const { result } = await read(shell, ['sh', '-c', 'kill -KILL $$'])
      assert.deepEqual(result, { exitStatus: undefined, signal: 'SIGKILL', stderr: '' })
    })
  })

  test('rejects with what the consumer threw, and the connection stays usable', async () => {
    await withShell(guest(), async (shell) => {
      const reason = new Error('disk full')
      const output = async () => {
        throw reason
      }
      await assert.rejects(shell.stream(['seq', '1', '3000000'], { input: Readable.from([]), output }), reason)
      assert.equal((await shell.run(['printf', 'on'])).stdout, 'on')
    })
  })

  test('rejects with what the input threw, and the connection stays usable', async () => {
    await withShell(guest(), async (shell) => {
      const reason = new Error('a checksum differs')
      async function* input() {
        yield Buffer.from('begun\n')
        throw reason
      }
      await assert.rejects(shell.stream(['cat'], { input: input(), output: drain }), reason)
      assert.equal((await shell.run(['printf', 'on'])).stdout, 'on')
    })
  })

  test('gives up with the reason of the signal', async () => {
    await withShell(guest(), async (shell) => {
      const reason = new Error('enough')
      const options = { input: Readable.from([]), output: drain, signal: AbortSignal.abort(reason) }
      await assert.rejects(shell.stream(['true'], options), reason)
    })
  })

  test('rejects with guest-unreachable when the connection is cut in the middle: what came is not taken for whole', async () => {
    await withShell(guest(), async (shell) => {
      const begun = join(guest().folder, 'begun')
      const argv = ['sh', '-c', 'echo half; touch "$1"; sleep 1', 'stream', begun]
      const result = shell.stream(argv, { input: Readable.from([]), output: drain })
      result.catch(() => {})
      await until(async () => existsSync(begun))
      await guest().cut()
      await assert.rejects(result, hasCode('guest-unreachable'))
      rmSync(begun)
    })
  })

  test('rejects with guest-unreachable after the connection has ended', async () => {
    const shell = await guest().shells.open(guest().target)
    await shell.close()
    await assert.rejects(
      shell.stream(['true'], { input: Readable.from([]), output: drain }),
      hasCode('guest-unreachable'),
    )
  })
}

async function read(
  shell: GuestShell,
  argv: readonly string[],
  input: readonly Uint8Array[] = [],
): Promise<{ result: StreamResult; bytes: Buffer }> {
  const chunks: Uint8Array[] = []
  const output = async (bytes: AsyncIterable<Uint8Array>) => {
    for await (const chunk of bytes) chunks.push(chunk)
  }
  const result = await shell.stream(argv, { input: Readable.from(input), output })
  return { result, bytes: Buffer.concat(chunks) }
}

async function drain(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of bytes);
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
