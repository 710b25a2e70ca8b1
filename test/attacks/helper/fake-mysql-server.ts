import { createServer, type Socket } from 'node:net'

/** Somebody behind the server's socket who speaks its protocol and asks every client for a file of the client's. */
export interface FakeMysqlServer {
  /** Contents of the files that clients gave away. */
  readonly stolen: readonly string[]
  readonly statements: readonly string[]
  close(): Promise<void>
}

const OK = Buffer.from([0, 0, 0, 2, 0, 0, 0])

/** Protocol: MySQL's documentation, "Client/Server Protocol": handshake v10, COM_QUERY, LOCAL INFILE request. */
export async function startFakeMysqlServer(socketPath: string, wantedFile: string): Promise<FakeMysqlServer> {
  const stolen: string[] = []
  const statements: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    let loggedIn = false
    let asked = false
    let rest = Buffer.alloc(0)
    const answer = (sequence: number, payload: Buffer) => {
      if (!loggedIn) {
        loggedIn = true
        send(socket, sequence + 1, OK)
      } else if (asked) {
        if (payload.length > 0) stolen.push(payload.toString('latin1'))
        else {
          asked = false
          send(socket, sequence + 1, OK)
        }
      } else if (payload[0] === 3) {
        statements.push(payload.toString('utf8', 1))
        asked = true
        send(socket, sequence + 1, Buffer.concat([Buffer.from([0xfb]), Buffer.from(wantedFile)]))
      } else socket.end()
    }
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 4 && rest.length >= 4 + rest.readUIntLE(0, 3)) {
        const end = 4 + rest.readUIntLE(0, 3)
        const packet = rest.subarray(0, end)
        rest = rest.subarray(end)
        answer(packet[3] ?? 0, packet.subarray(4))
      }
    })
    send(socket, 0, greeting())
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  return {
    stolen,
    statements,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function send(socket: Socket, sequence: number, payload: Buffer): void {
  const head = Buffer.alloc(4)
  head.writeUIntLE(payload.length, 0, 3)
  head[3] = sequence & 0xff
  socket.write(Buffer.concat([head, payload]))
}

/** Capabilities: long password, database, LOCAL FILES, protocol 4.1, transactions, secure connection, plugin names. */
function greeting(): Buffer {
  const capabilities = 0x1 | 0x8 | 0x80 | 0x200 | 0x2000 | 0x8000 | 0x80000
  const head = Buffer.from([10, ...Buffer.from('10.11.0-MariaDB\0'), 1, 0, 0, 0, ...Buffer.from('12345678'), 0])
  const flags = Buffer.alloc(7)
  flags.writeUInt16LE(capabilities & 0xffff, 0)
  flags[2] = 33
  flags.writeUInt16LE(2, 3)
  flags.writeUInt16LE(capabilities >>> 16, 5)
  return Buffer.concat([
    head,
    flags,
    Buffer.from([21]),
    Buffer.alloc(10),
    Buffer.from('123456789012\0mysql_native_password\0'),
  ])
}
