/**
 * The pieces that the helper's answers share, as JSON Schema; types are derived from them. The helper is
 * `adapters/guests/helper/stillshot-guest` (POSIX sh); it ships raw facts, TypeScript judges them.
 *
 * Conventions: `…UptimeMs` is milliseconds of /proc/uptime (guest's monotonic clock, 10 ms steps); `…Hex` is lower-case
 * hexadecimal without separators; `…Base64` carries bytes that may be no text; a fact that could not be had is null.
 */
export const PROTOCOL = 1
/** Of the document around it. */
export const VERSION = 1

const text = { type: 'string' } as const
const whole = { type: 'integer' } as const
const wholeOrNull = { type: ['integer', 'null'] } as const
const textOrNull = { type: ['string', 'null'] } as const
const bool = { type: 'boolean' } as const
const texts = { type: 'array', items: text } as const
/** Key and value as some program of the guest printed them (`systemctl show`, SHOW VARIABLES). */
const textMap = { type: 'object', additionalProperties: text } as const

/** What every answer begins with. `ok: false` carries `error`, and nothing was left stopped: only `stop-timeout` leaves a
 * component stopping, which starts again as soon as it has stopped. */
export const envelope = {
  version: { const: VERSION },
  protocol: { type: 'integer' },
  helper: text,
  /** Of the helper that answers. One that does not say is none that a probe of ours has seen. */
  sha256: text,
  verb: text,
  /** Empty when the verb takes no hold id. */
  hold: text,
  ok: bool,
  error: {
    type: ['object', 'null'],
    properties: { code: text, message: text },
    required: ['code', 'message'],
  },
  bootId: text,
  /** SMBIOS UUID as the guest's kernel gives it, lower case; null where it cannot be read. */
  uuid: textOrNull,
  uptimeMs: whole,
} as const
export const envelopeRequired = [
  'version',
  'protocol',
  'helper',
  'verb',
  'hold',
  'ok',
  'error',
  'bootId',
  'uuid',
  'uptimeMs',
] as const

/** A unit that belongs to a component: a socket, path or timer that would start it, or one that depends on it. */
export const relatedUnit = {
  type: 'object',
  properties: { unit: text, active: bool },
  required: ['unit', 'active'],
} as const

/** mysqld or mariadbd processes on the machine, whoever started them (containers included). */
export const processes = {
  type: 'array',
  items: { type: 'object', properties: { pid: whole, command: text }, required: ['pid', 'command'] },
} as const

/** Redo, system tablespace and Aria control file, as stat(2) and their first bytes show them. */
export const files = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      role: { enum: ['redo', 'system-tablespace', 'aria-control'] },
      path: text,
      sizeBytes: whole,
      /** Seconds and nanoseconds of the last change of content, as `stat -c %y`-like text; compared for equality only. */
      modified: text,
      /** First 64 bytes (redo: the header and both checkpoint blocks are in `redo`). */
      headHex: text,
    },
    required: ['role', 'path', 'sizeBytes', 'modified', 'headHex'],
  },
} as const

/**
 * Raw bytes of the InnoDB redo log. `path`: `ib_logfile0`, or (MySQL 8.0.30+) the `#ib_redoN` of the highest N without
 * `_tmp`. `headerHex`: its first 64 bytes. `checkpoints`: for every place where a checkpoint block may stand (offsets
 * 512, 1536, 4096, 8192), its first 64 bytes. `names`: every redo file there is, with size.
 * `tail`, format `Phys` (MariaDB 10.8+): bytes from where the larger checkpoint points to, 512 or more, going on at
 * offset 12288 behind the file's end. Formats of 512-byte blocks: the one block that holds the larger checkpoint, where
 * it is cheap to find (`PHYS`: its offset stands at byte 16 of the checkpoint; MySQL 8.0.30+: 2048 + checkpoint LSN - LSN at
 * byte 8 of the header; both rounded down to 512); null elsewhere.
 */
export const redo = {
  type: ['object', 'null'],
  properties: {
    path: text,
    sizeBytes: whole,
    headerHex: text,
    checkpoints: {
      type: 'array',
      items: { type: 'object', properties: { offset: whole, hex: text }, required: ['offset', 'hex'] },
    },
    tail: { type: ['object', 'null'], properties: { offset: whole, hex: text }, required: ['offset', 'hex'] },
    names: {
      type: 'array',
      items: { type: 'object', properties: { name: text, sizeBytes: whole }, required: ['name', 'sizeBytes'] },
    },
  },
  required: ['path', 'sizeBytes', 'headerHex', 'checkpoints', 'tail', 'names'],
} as const

/** Lines that the server wrote to its error log (or the journal) since a moment, oldest first, at most 64 KiB. */
export const log = {
  type: 'object',
  properties: {
    source: { enum: ['file', 'journal', 'none'] },
    path: textOrNull,
    textBase64: text,
    truncated: bool,
  },
  required: ['source', 'path', 'textBase64', 'truncated'],
} as const

/** One replication channel: columns of SHOW ALL SLAVES STATUS / SHOW REPLICA STATUS as they came. */
export const replicas = { type: 'array', items: textMap } as const

export const shapes = { text, whole, wholeOrNull, textOrNull, bool, texts, textMap } as const

/** Whether the application's page answers. `status`: of HTTP; null where nobody answered, and `error` says why. */
export const page = {
  type: ['object', 'null'],
  properties: { url: shapes.text, status: shapes.wholeOrNull, error: shapes.textOrNull },
  required: ['url', 'status', 'error'],
} as const
