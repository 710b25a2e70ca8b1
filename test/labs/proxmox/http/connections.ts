import type { Socket } from 'node:net'

/** How many requests a connection is good for. */
const REQUESTS = 100

interface Connection {
  requests: number
  busy: number
  idle: NodeJS.Timeout | undefined
}

/** The connections of one web server: counts their requests and closes those on which nothing is asked. */
export class Connections {
  readonly #open = new Map<Socket, Connection>()
  readonly #idleMs: number

  constructor(idleMs: number) {
    this.#idleMs = idleMs
  }

  opened(socket: Socket): void {
    const connection: Connection = { requests: 0, busy: 0, idle: undefined }
    this.#open.set(socket, connection)
    socket.on('close', () => {
      clearTimeout(connection.idle)
      this.#open.delete(socket)
    })
    socket.on('error', () => {})
    this.#wait(socket, connection)
  }

  /** A request has come. Gives whether it is the last of its connection. */
  asked(socket: Socket): boolean {
    const connection = this.#open.get(socket)
    if (connection === undefined) return true
    connection.requests += 1
    connection.busy += 1
    clearTimeout(connection.idle)
    return connection.requests >= REQUESTS
  }

  answered(socket: Socket): void {
    const connection = this.#open.get(socket)
    if (connection === undefined) return
    connection.busy -= 1
    if (connection.busy === 0) this.#wait(socket, connection)
  }

  closeAll(): void {
    for (const socket of this.#open.keys()) socket.destroy()
  }

  get count(): number {
    return this.#open.size
  }

  #wait(socket: Socket, connection: Connection): void {
    clearTimeout(connection.idle)
    connection.idle = setTimeout(() => socket.destroy(), this.#idleMs)
    connection.idle.unref()
  }
}
