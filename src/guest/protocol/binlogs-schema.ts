import { envelope, envelopeRequired, shapes } from './parts.ts'

const { text, whole, wholeOrNull, textOrNull } = shapes

/** `binlogs PROFILE FILE POSITION`: the binary logs that the server has; none where it keeps no log. */
export const binlogsSchema = {
  type: 'object',
  properties: {
    ...envelope,
    /** Why the server did not answer; null when it did. */
    serverSilent: textOrNull,
    /** Oldest first. */
    logs: {
      type: 'array',
      items: {
        type: 'object',
        properties: { file: text, sizeBytes: wholeOrNull },
        required: ['file', 'sizeBytes'],
      },
    },
    /** Where the server writes now; null where it keeps no log. */
    end: {
      type: ['object', 'null'],
      properties: { file: text, position: whole },
      required: ['file', 'position'],
    },
    /** MariaDB's name for the position that was asked about; null where that is none, and for MySQL. */
    gtid: textOrNull,
    /** The databases that alone are logged, and those that are not (binlog_do_db, binlog_ignore_db); null without such a rule. */
    only: textOrNull,
    without: textOrNull,
    /** What reads a log; null where there is none. */
    program: textOrNull,
    /** MySQL's. */
    serverUuid: textOrNull,
  },
  required: [...envelopeRequired, 'serverSilent', 'logs', 'end', 'gtid', 'only', 'without', 'program', 'serverUuid'],
} as const
