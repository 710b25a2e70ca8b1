import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { waitFor } from '../../wait-for.ts'

export interface Monitor {
  readonly ask: (request: object) => Promise<unknown>
  close(): void
}

interface Reply {
  readonly return?: unknown
  readonly error?: { readonly desc: string }
  readonly event?: string
}

/** QEMU's monitor (QMP) behind a socket; requests are answered in their order. */
export async function openMonitor(path: string): Promise<Monitor> {
  const socket = await waitFor(() => tryConnect(path), { what: `the monitor ${path}`, timeoutMs: 60_000, everyMs: 20 })
  const waiting: ((reply: Reply) => void)[] = []
  const lines = createInterface({ input: socket })
  lines.on('line', (line) => {
    const reply = JSON.parse(line) as Reply & { QMP?: object }
    if (reply.QMP === undefined && reply.event === undefined) waiting.shift()?.(reply)
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    for (const answer of waiting.splice(0)) answer({ error: { desc: 'the monitor is gone' } })
  })
  const ask = async (request: object) => {
    const { promise, resolve } = Promise.withResolvers<Reply>()
    waiting.push(resolve)
    socket.write(`${JSON.stringify(request)}\n`)
    const reply = await promise
    if (reply.error !== undefined) throw new Error(reply.error.desc)
    return reply.return
  }
  await ask({ execute: 'qmp_capabilities' })
  return { ask, close: () => socket.destroy() }
}

async function tryConnect(path: string) {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return socket
  } catch {
    return undefined
  }
}
