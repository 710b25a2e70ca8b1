import { StillshotError } from '../errors.ts'
import type { Files } from '../system/files.ts'
import type { KnownServer, ServerIdentity } from './known-server.ts'

/** As many characters as any server has in its id; what is longer was not written here. */
const LONGEST = 200

/** One small file for each hypervisor in a folder of the state directory; its name is that of the hypervisor. */
export function serverRecord(
  files: Pick<Files, 'makeFolder' | 'readText' | 'replaceText'>,
  folder: string,
  name: string,
): KnownServer {
  const path = `${folder}/${name}.json`
  return {
    async read() {
      const text = await files.readText(path).catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
        throw unreadable(path, error)
      })
      return text === undefined ? undefined : parse(text, path)
    },
    async keep({ product, id }) {
      const record = { version: 1, product, ...(id === undefined ? {} : { id }) }
      try {
        await files.makeFolder(folder)
        await files.replaceText(path, `${JSON.stringify(record)}\n`)
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause)
        throw new StillshotError('state-unwritable', `${path}: ${reason}`, { cause })
      }
    },
  }
}

function parse(text: string, path: string): ServerIdentity {
  let record: unknown
  try {
    record = JSON.parse(text)
  } catch (error) {
    throw unreadable(path, error)
  }
  const { version, product, id } = (record ?? {}) as Readonly<Record<string, unknown>>
  if (version !== 1 || !isWord(product) || !(id === undefined || isWord(id))) {
    throw unreadable(path, new Error('it does not hold what stillshot writes'))
  }
  return { product, ...(id === undefined ? {} : { id }) }
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST
}

/** Without it nobody knows which server is meant, so none is. */
function unreadable(path: string, cause: unknown): StillshotError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new StillshotError('server-changed', `which server was met cannot be read from ${path}: ${reason}`, {
    cause,
    hint: 'make it readable, or look which server answers and keep that one with `stillshot trust-server NAME --replace`',
  })
}
