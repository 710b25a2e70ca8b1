/** What the beginning of a `BINLOG` statement tells: in row format each table is named by an event before its rows. */
export interface RowEvents {
  /** Names of the databases of the tables; none for a description of the format. */
  readonly databases: readonly string[]
  /** All tables have been named: what follows are rows, or nothing. */
  readonly complete: boolean
  /** The server's clock at the first event, in seconds. */
  readonly atSeconds: number | undefined
}

const HEADER_BYTES = 19
const TABLE_MAP = 19
/** Table's number and flags. */
const BEFORE_NAME_BYTES = 8

/** Undefined for what is no such statement. Pure. */
export function rowEvents(statement: string): RowEvents | undefined {
  const body = /^BINLOG '\s*([A-Za-z0-9+/=\s]*)/.exec(statement)?.[1]
  if (body === undefined) return undefined
  // Every event is encoded by itself and begins a line; a line holds whole groups of letters.
  const bytes = Buffer.concat(body.split('\n').map((line) => Buffer.from(line, 'base64')))
  const databases = new Set<string>()
  const atSeconds = bytes.length < HEADER_BYTES ? undefined : bytes.readUInt32LE(0)
  for (let at = 0; ; ) {
    const told = { databases: [...databases], atSeconds }
    if (at + HEADER_BYTES > bytes.length) return { ...told, complete: false }
    if (bytes.readUInt8(at + 4) !== TABLE_MAP) return { ...told, complete: true }
    const name = databaseAt(bytes, at + HEADER_BYTES + BEFORE_NAME_BYTES)
    const length = bytes.readUInt32LE(at + 9)
    if (name === undefined || length <= HEADER_BYTES) return { ...told, complete: false }
    databases.add(name)
    at += length
  }
}

function databaseAt(bytes: Buffer, at: number): string | undefined {
  const length = bytes[at]
  if (length === undefined || at + 1 + length > bytes.length) return undefined
  return bytes.subarray(at + 1, at + 1 + length).toString('utf8')
}
