import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs'
import type { LogFacts, StopFacts } from '../../src/guest/protocol/answers.ts'
import { DATA, ERROR_LOG, PID_FILE, type RecordedServer, SOCKET } from './server-process.ts'

const CHECKPOINT_PLACES = [512, 1536, 4096, 8192]
/** Of format `Phys`; may be more than the helper ships, tests cut. Formats made of blocks: the block of the checkpoint. */
const TAIL_BYTES = 2048

/** What the helper ships after a stop, read by this process: the same bytes, the same shape. */
export function collectStopFacts(server: RecordedServer, pidBefore: number | null, logFrom: number): StopFacts {
  const running = server.pid
  const redo = collectRedo(server)
  return {
    unit: {},
    pidBefore,
    processes: running === undefined ? [] : [{ pid: running, command: 'mysqld' }],
    pidFileExists: existsSync(server.outside(PID_FILE)),
    socketExists: existsSync(server.outside(SOCKET)),
    openFiles: countOpenFiles(server),
    log: collectLog(server, logFrom),
    redo,
    files: collectFiles(server, redo.path),
  }
}

/** The error log from a byte on, without what names this machine. */
export function collectLog(server: RecordedServer, from: number): LogFacts {
  const text = readFileSync(server.outside(ERROR_LOG)).subarray(from).toString('latin1')
  const anonymous = text
    .replace(/server_uid \S+/g, 'server_uid ****')
    .replace(/ \d+ (bytes of physical|logical CPUs)/g, ' 1 $1')
  const textBase64 = Buffer.from(anonymous, 'latin1').toString('base64')
  return { source: 'file', path: '/var/log/mysql/error.log', textBase64, truncated: false }
}

export function logSize(server: RecordedServer): number {
  return statSync(server.outside(ERROR_LOG)).size
}

function collectRedo(server: RecordedServer): NonNullable<StopFacts['redo']> {
  const folder = existsSync(server.outside(`${DATA}/#innodb_redo`)) ? `${DATA}/#innodb_redo` : DATA
  const names = readdirSync(server.outside(folder))
    .filter((name) => /^(ib_logfile\d+|#ib_redo\d+(_tmp)?)$/.test(name))
    .map((name) => ({ name, sizeBytes: statSync(server.outside(`${folder}/${name}`)).size }))
  const path = `${folder}/${currentRedo(names.map(({ name }) => name))}`
  const file = server.outside(path)
  const checkpoints = CHECKPOINT_PLACES.map((offset) => ({ offset, hex: readHex(file, offset, 64) }))
  const sizeBytes = statSync(file).size
  return { path, sizeBytes, headerHex: readHex(file, 0, 64), checkpoints, tail: collectTail(file, sizeBytes), names }
}

/** MySQL 8.0.30+: the file in use is the highest number without `_tmp`; elsewhere the first file has the checkpoints. */
function currentRedo(names: readonly string[]): string {
  const numbered = names.filter((name) => /^#ib_redo\d+$/.test(name))
  if (numbered.length === 0) return 'ib_logfile0'
  return numbered.sort((left, right) => Number(right.slice(8)) - Number(left.slice(8)))[0]!
}

function collectTail(file: string, sizeBytes: number): { offset: number; hex: string } | null {
  const header = read(file, 0, 16)
  const format = header.readUInt32BE(0)
  if (format === 0x50687973) {
    const checkpoint = [4096, 8192].map((at) => read(file, at, 8).readBigUInt64BE(0)).reduce((a, b) => (a > b ? a : b))
    const capacity = BigInt(sizeBytes - 12288)
    const offset = 12288 + Number((checkpoint - header.readBigUInt64BE(8)) % capacity)
    return { offset, hex: readWrapped(file, offset, sizeBytes, 12288) }
  }
  if (format === 0x50485953) {
    const [first, second] = [512, 1536].map((at) => read(file, at, 24))
    const later = first!.readBigUInt64BE(8) > second!.readBigUInt64BE(8) ? first! : second!
    const offset = Number((later.readBigUInt64BE(16) / 512n) * 512n)
    return { offset, hex: readHex(file, offset, 512) }
  }
  const later = [512, 1536].map((at) => read(file, at, 16).readBigUInt64BE(8)).reduce((a, b) => (a > b ? a : b))
  const offset = (2048 + Number(later - header.readBigUInt64BE(8))) & ~511
  return offset < 2048 || offset >= sizeBytes ? null : { offset, hex: readHex(file, offset, 512) }
}

/** The log is a ring: behind the file's end it goes on at its first data byte. */
function readWrapped(file: string, offset: number, sizeBytes: number, start: number): string {
  const hex = readHex(file, offset, TAIL_BYTES)
  const missing = TAIL_BYTES - Math.min(TAIL_BYTES, sizeBytes - offset)
  return missing === 0 ? hex : hex + readHex(file, start, missing)
}

function collectFiles(server: RecordedServer, redo: string): StopFacts['files'] {
  const wanted = [
    ['redo', redo.slice(DATA.length + 1)],
    ['system-tablespace', 'ibdata1'],
    ['aria-control', 'aria_log_control'],
  ] as const
  return wanted
    .map(([role, name]) => ({ role, path: `${DATA}/${name}` }))
    .filter(({ path }) => existsSync(server.outside(path)))
    .map(({ role, path }) => {
      const stat = statSync(server.outside(path), { bigint: true })
      const modified = `${stat.mtimeNs / 1_000_000_000n}.${String(stat.mtimeNs % 1_000_000_000n).padStart(9, '0')}`
      return { role, path, sizeBytes: Number(stat.size), modified, headHex: readHex(server.outside(path), 0, 64) }
    })
}

function countOpenFiles(server: RecordedServer): number {
  const below = server.outside(DATA)
  let count = 0
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const fd of listFds(pid)) if (linkOf(`/proc/${pid}/fd/${fd}`).startsWith(`${below}/`)) count++
  }
  return count
}

function listFds(pid: string): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`)
  } catch {
    return []
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function readHex(path: string, offset: number, length: number): string {
  return read(path, offset, length).toString('hex')
}

function read(path: string, offset: number, length: number): Buffer {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(length)
    return bytes.subarray(0, readSync(file, bytes, 0, length, offset))
  } finally {
    closeSync(file)
  }
}
