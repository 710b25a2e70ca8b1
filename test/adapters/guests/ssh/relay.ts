import { connect, createServer, type Socket } from 'node:net'

/** Stands between client and server, sees the bytes of the client, and can hold back those of the server. */
export interface Relay {
  readonly port: number
  /** What clients have sent so far. */
  sent(): Buffer
  /** Lets this many more chunks from the server pass, then holds the rest back. */
  holdAfter(chunks: number): void
  /** Lets everything pass, also what was held back. */
  release(): void
  close(): Promise<void>
}

export async function startRelay(target: { readonly host: string; readonly port: number }): Promise<Relay> {
  const sent: Buffer[] = []
  const held: { readonly client: Socket; readonly chunk: Buffer }[] = []
  const sockets = new Set<Socket>()
  let left = Number.POSITIVE_INFINITY

  const pass = (client: Socket, chunk: Buffer) => {
    if (left > 0) {
      left -= 1
      client.write(chunk)
    } else held.push({ client, chunk })
  }
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ ...target, noDelay: true })
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => {}))
    client.on('data', (chunk) => {
      sent.push(chunk)
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => pass(client, chunk))
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    sent: () => Buffer.concat(sent),
    holdAfter: (chunks) => {
      left = chunks
    },
    release: () => {
      left = Number.POSITIVE_INFINITY
      for (const { client, chunk } of held.splice(0)) client.write(chunk)
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
