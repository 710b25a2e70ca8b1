import type { WireRequest } from '../../https/connection.ts'

/** A path as `proxmox-api` builds it (only `/` is escaped in it) with every segment encoded: task ids hold `:`, `@`, `!`. */
export function wirePath(path: string): string {
  return path
    .split('/')
    .map((segment) => encodeURIComponent(segment.replaceAll('%2F', '/')))
    .join('/')
}

/**
 * GET and DELETE carry their parameters in the query, because the server refuses a body with them; POST and PUT carry a
 * form of known length. Booleans are 0 and 1; a list is its name several times. Undefined values are left out.
 */
export function wireRequest(parts: {
  readonly method: string
  readonly path: string
  readonly parameters: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
  readonly change: boolean
}): WireRequest {
  const { method, path, change } = parts
  const form = formOf(parts.parameters)
  const headers = { accept: 'application/json', ...parts.headers }
  if (method === 'POST' || method === 'PUT') {
    const typed = { ...headers, 'content-type': 'application/x-www-form-urlencoded' }
    return { method, path, headers: typed, body: form, change }
  }
  return { method, path: form === '' ? path : `${path}?${form}`, headers, change }
}

function formOf(parameters: Readonly<Record<string, unknown>>): string {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === null) continue
    for (const one of Array.isArray(value) ? value : [value]) {
      form.append(name, typeof one === 'boolean' ? String(Number(one)) : String(one))
    }
  }
  return form.toString()
}
