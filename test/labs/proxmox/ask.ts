import { type Agent, request } from 'node:https'
import type { StandIn } from './stand-in.ts'

export interface Asked {
  readonly status: number
  readonly reason: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
  /** The document, or undefined when there is none. */
  readonly json: Document | undefined
}

/** What the API answers; `data` is of whatever shape the test expects. */
export interface Document {
  readonly data: unknown
  readonly message?: string
  readonly errors?: Readonly<Record<string, string>>
  readonly total?: number
}

/** The `data` of an answer in the shape that is expected. */
export function dataOf<Data>({ status, text, json }: Asked): Data {
  if (status !== 200 || json === undefined) throw new Error(`the answer is ${status}: ${text}`)
  return json.data as Data
}

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>
  /** Sent as it is. */
  readonly body?: string
  readonly node?: string
  readonly agent?: Agent
}

/** One request to a stand-in, by Node's own client: no adapter's habits, good or bad. */
export function ask(standIn: StandIn, call: string, options: AskOptions = {}): Promise<Asked> {
  const [method = 'GET', path = '/'] = call.split(' ')
  const { promise, resolve, reject } = Promise.withResolvers<Asked>()
  const body = options.form ? new URLSearchParams(options.form).toString() : options.body
  const sent = request(
    `${standIn.server(options.node).url}/api2/json${path}`,
    {
      method,
      ca: standIn.certificate.ca,
      agent: options.agent ?? false,
      headers: {
        ...(options.form ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {}),
        ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
        ...options.headers,
      },
    },
    (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const { statusCode: status = 0, statusMessage: reason = '', headers } = response
        resolve({ status, reason, headers, text, json: text.startsWith('{') ? JSON.parse(text) : undefined })
      })
    },
  )
  sent.on('error', reject)
  sent.end(body)
  return promise
}

/** The header of an API token. */
export function tokenHeader(token: string, secret: string): Record<string, string> {
  return { Authorization: `PVEAPIToken=${token}=${secret}` }
}
