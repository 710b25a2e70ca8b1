import { randomInt } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { AgentAnswer } from '../proxmox/machines/machine.ts'

/** How long the agent is waited for: a freeze takes what the guest's hooks take. */
const WAIT_MS: Readonly<Record<string, number>> = { 'guest-ping': 3_000, 'guest-fsfreeze-freeze': 600_000 }
const OTHER_WAIT_MS = 60_000

interface Reply {
  readonly return?: AgentAnswer
  readonly error?: { readonly class: string; readonly desc: string }
}

/** One command for qemu-guest-agent in the guest whose init is `pid`. Undefined when nobody answers in time. */
export async function askAgent(pid: number, command: string, given?: object): Promise<AgentAnswer | undefined> {
  const socket = connect(`/proc/${pid}/root/run/lab/agent.sock`)
  const limit = setTimeout(() => socket.destroy(), WAIT_MS[command] ?? OTHER_WAIT_MS)
  try {
    const reply = await answered(socket, command, given)
    return reply?.error === undefined ? reply?.return : { error: reply.error }
  } finally {
    clearTimeout(limit)
    socket.destroy()
  }
}

/** What an earlier caller left unread comes before the answer to our own number. */
async function answered(socket: Socket, command: string, given?: object): Promise<Reply | undefined> {
  socket.on('error', () => {})
  const id = randomInt(2 ** 31)
  const words = given === undefined ? {} : { arguments: given }
  socket.write(`${JSON.stringify({ execute: 'guest-sync', arguments: { id } })}\n`)
  socket.write(`${JSON.stringify({ execute: command, ...words })}\n`)
  const lines = createInterface({ input: socket })
  socket.on('close', () => lines.close())
  let isOurs = false
  for await (const line of lines) {
    const reply = JSON.parse(line) as Reply
    if (isOurs) return reply
    isOurs = reply.return === id
  }
  return undefined
}
