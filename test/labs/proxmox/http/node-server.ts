import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../cluster.ts'
import type { AnswerFault } from '../faults.ts'
import { type Answer, failure, send } from './answer.ts'
import type { Certificate } from './certificate.ts'
import { Connections } from './connections.ts'
import { handleRequest } from './handle-request.ts'
import { pathOf, type Received, receive } from './received.ts'

/** A request as a test may look at it afterwards. */
export interface SeenRequest {
  readonly method: string
  /** Below /api2/json. */
  readonly path: string
  /** As it came, `?` left out. */
  readonly query: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** The web server of one node. */
export class NodeServer {
  readonly node: string
  /** Every request that came, the oldest first. */
  readonly requests: SeenRequest[] = []
  readonly connections: Connections
  /** Connections that were accepted so far. */
  accepted = 0
  readonly #cluster: Cluster
  readonly #certificate: Certificate
  #server: Server | undefined
  #port = 0

  constructor(cluster: Cluster, node: string, certificate: Certificate) {
    this.node = node
    this.#cluster = cluster
    this.#certificate = certificate
    this.connections = new Connections(cluster.times.idleMs)
  }

  /** `https://127.0.0.1:port`; the same after it was down. */
  get url(): string {
    return `https://127.0.0.1:${this.#port}`
  }

  async listen(port = this.#port): Promise<void> {
    if (this.#server !== undefined) return
    const { certificate, key } = this.#certificate
    const server = createServer({ cert: certificate, key, ALPNProtocols: ['http/1.1'], requestTimeout: 0 })
    // Idle connections are closed here, not by Node, which would be more patient.
    server.keepAliveTimeout = 0
    server.on('secureConnection', (socket) => {
      this.accepted += 1
      this.connections.opened(socket)
    })
    server.on('request', (request, response) => void this.#serve(request, response))
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** Safe twice. */
  async close(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = once(server, 'close')
    server.close()
    this.connections.closeAll()
    server.closeAllConnections()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now()
    const last = this.connections.asked(request.socket)
    response.on('close', () => this.connections.answered(request.socket))
    const received = await receive(request).catch(() => undefined)
    if (received === undefined) return
    this.#remember(received)
    const fault = this.#cluster.faults.forAnswer(received.method, pathOf(received) ?? '')
    if (fault?.when === 'before') await this.#holdUp(fault)
    if (fault?.kind === 'lose' && fault.when === 'before') return void request.socket.destroy()
    const answer = await this.#answer(received, fault)
    if (fault?.kind === 'lose') return void request.socket.destroy()
    if (fault?.when === 'after') await this.#holdUp(fault)
    // Whoever guesses passwords waits.
    const held = this.#cluster.times.unauthorizedMs - (performance.now() - began)
    if (answer.status === 401) await sleep(Math.max(0, held))
    const gzip = /gzip/.test(String(request.headers['accept-encoding'] ?? ''))
    const close = last || answer.status >= 400 || /close/i.test(request.headers.connection ?? '')
    send(response, answer, { close, gzip })
  }

  async #holdUp({ kind, ms = 0 }: AnswerFault): Promise<void> {
    if (kind === 'delay') await sleep(ms, undefined, { ref: false })
  }

  async #answer(request: Received, fault: AnswerFault | undefined): Promise<Answer> {
    const instead = fault?.kind === 'answer' ? { status: fault.status ?? 596, reason: fault.reason ?? '' } : undefined
    if (instead && fault?.when === 'before') return instead
    const failed = (error: unknown) => failure(error, this.#cluster.release)
    const real = await handleRequest(this.#cluster, this.node, request).catch(failed)
    return instead ?? real
  }

  #remember({ method, url, headers }: Received): void {
    const [path = '', query = ''] = url.replace(/^\/api2\/json/, '').split('?')
    this.requests.push({ method, path, query, headers })
  }
}
