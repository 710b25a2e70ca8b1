import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** A whole request. */
export interface Received {
  readonly method: string
  /** As it came, query included. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** Empty when there is none, or when it is refused by its head alone. */
  readonly body: string
}

export const MAX_BODY_BYTES = 512 * 1024

/** Reads a request to its end, so that it can be carried out although the client goes away. Rejects when it is cut off. */
export async function receive(request: IncomingMessage): Promise<Received> {
  const { method = '', url = '', headers } = request
  const readable = Number(headers['content-length'] ?? 0) <= MAX_BODY_BYTES && !headers['transfer-encoding']
  const chunks: Buffer[] = []
  if (readable) for await (const chunk of request) chunks.push(chunk as Buffer)
  return { method, url, headers, body: Buffer.concat(chunks).toString('utf8') }
}

/** The path below /api2/json; undefined for any other. */
export function pathOf({ url }: Pick<Received, 'url'>): string | undefined {
  const path = decodeURIComponent(url.split('?')[0] ?? '')
  return path.startsWith('/api2/json/') ? path.slice('/api2/json'.length) : undefined
}
