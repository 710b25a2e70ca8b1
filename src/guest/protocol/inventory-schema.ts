import { halfRestored } from './half-schema.ts'
import { envelope, envelopeRequired, shapes } from './parts.ts'

const { text, wholeOrNull, textOrNull, bool, texts, textMap } = shapes

/** `inventory PROFILE`: what a backup would hold. Refused where the guest's profile does not allow backups. */
export const inventorySchema = {
  type: 'object',
  properties: {
    ...envelope,
    /** Why the server did not answer; null when it did. What is said of databases is empty then. */
    serverSilent: textOrNull,
    /** Run-time variables of the server, as it names them. */
    variables: textMap,
    /** Null where there is none. */
    dumpProgram: textOrNull,
    /** As the program names itself. */
    dumpVersion: text,
    /**
     * Without the server's own. `sizeBytes`: data and indexes, as the server estimates them. `shape`: another number when a table of it
     * was made, altered or dropped since; null or absent where that is not known.
     */
    databases: {
      type: 'array',
      items: {
        type: 'object',
        properties: { name: text, tables: wholeOrNull, sizeBytes: wholeOrNull, shape: wholeOrNull },
        required: ['name', 'tables', 'sizeBytes'],
      },
    },
    /** Tables of engines without transactions, at most 1000. `updated`: their last write as the server knows it. */
    loose: {
      type: 'array',
      items: {
        type: 'object',
        properties: { database: text, table: text, engine: text, updated: textOrNull },
        required: ['database', 'table', 'engine', 'updated'],
      },
    },
    /** Names of databases that cannot be passed on as they are. */
    odd: texts,
    /** Paths that the profile names and that are there. */
    files: texts,
    configuration: texts,
    /** Of those, the ones that are links: an archive holds the link alone. */
    links: texts,
    gnuTar: bool,
    /** A program is there that lists what is installed. */
    packages: bool,
    /** Programs that pack a stream on its way: `zstd`, `gzip`. An older helper does not tell. */
    packers: texts,
    /** Folder of an installation of i-doit; null without one. An older helper does not tell. */
    installation: textOrNull,
    /** Tenants as i-doit lists them, in the database `listedIn`. */
    tenants: {
      type: 'array',
      items: {
        type: 'object',
        properties: { listedIn: text, title: text, database: text },
        required: ['listedIn', 'title', 'database'],
      },
    },
    restoreAllowed: bool,
    half: halfRestored,
  },
  required: [
    ...envelopeRequired,
    'sha256',
    'serverSilent',
    'variables',
    'dumpProgram',
    'dumpVersion',
    'databases',
    'loose',
    'odd',
    'files',
    'configuration',
    'links',
    'gnuTar',
    'packages',
    'restoreAllowed',
  ],
} as const
