import { findMethod } from '../api/find-method.ts'
import { checkParameters, type RawParameters } from '../api/schema.ts'
import type { Cluster } from '../cluster.ts'
import { parameterRefusal } from '../refusal.ts'
import type { Answer } from './answer.ts'
import { WireError } from './answer.ts'
import { authenticate } from './authenticate.ts'
import { readForm, readJson } from './parameters.ts'
import { MAX_BODY_BYTES, pathOf, type Received } from './received.ts'
import { runMethod } from './run-method.ts'

const KNOWN_METHODS = ['GET', 'POST', 'PUT', 'DELETE']
const CONTENT_TYPES = ['application/x-www-form-urlencoded', 'application/json']

/** One request, from its head to the answer, in the product's order of checks. Throws what {@link failure} takes. */
export async function handleRequest(cluster: Cluster, node: string, request: Received): Promise<Answer> {
  const { method } = request
  if (!KNOWN_METHODS.includes(method)) throw new WireError(501, `method '${method}' not available`)
  if (request.headers['transfer-encoding'] !== undefined) {
    throw new WireError(501, 'chunked transfer encoding not supported')
  }
  const path = pathOf(request)
  if (path === undefined) throw new WireError(501, 'no such uri')
  const isLogin = method === 'POST' && path === '/access/ticket'
  const who = isLogin ? '' : authenticate(cluster, request)
  const parameters = readParameters(request)
  const found = findMethod(method, path)
  for (const name of Object.keys(parameters)) {
    if (found.fromPath[name] !== undefined) {
      throw parameterRefusal({ [name]: 'duplicate parameter (already defined in URI)' })
    }
  }
  const raw: RawParameters = { ...parameters, ...found.fromPath }
  return runMethod({
    cluster,
    node,
    who,
    method: found.method,
    raw,
    check: () => checkParameters(raw, found.method.parameters),
  })
}

/** Body and query together; the query wins. */
function readParameters(request: Received): RawParameters {
  const length = Number(request.headers['content-length'] ?? 0)
  const query = readForm(request.url.split('?')[1] ?? '')
  if (length === 0) return query
  if (request.method !== 'PUT' && request.method !== 'POST') {
    throw new WireError(501, `Unexpected content for method '${request.method}'`)
  }
  if (length > MAX_BODY_BYTES) throw new WireError(501, 'for data too large')
  const header = request.headers['content-type']
  const type = header?.split(/\s*[;,]\s*/)[0]
  if (type !== undefined && !CONTENT_TYPES.includes(type)) {
    throw new WireError(506, `upload 'Content-Type '${header}' not implemented`)
  }
  const { body } = request
  try {
    return { ...(type === 'application/json' ? readJson(body) : readForm(body)), ...query }
  } catch (error) {
    throw new WireError(501, error instanceof Error ? error.message : 'malformed JSON')
  }
}
