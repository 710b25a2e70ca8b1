import { envelope, envelopeRequired, shapes } from './parts.ts'

const { text, textOrNull, whole } = shapes

/** `drill PROFILE ID SECONDS`: what is in a copy of the machine. Refused on a machine that has a network card. */
export const drillSchema = {
  type: 'object',
  properties: {
    ...envelope,
    /** At the places that were asked for. */
    markers: {
      type: 'array',
      items: { type: 'object', properties: { path: text, content: textOrNull }, required: ['path', 'content'] },
    },
    /** CHECK TABLE of every table; null when the server could not be asked. `error`: why not all were checked. */
    tables: {
      type: ['object', 'null'],
      properties: {
        checked: whole,
        /** Of an engine that cannot check. */
        unchecked: whole,
        badCount: whole,
        /** The first hundred. */
        bad: {
          type: 'array',
          items: { type: 'object', properties: { table: text, message: text }, required: ['table', 'message'] },
        },
        error: textOrNull,
      },
      required: ['checked', 'unchecked', 'badCount', 'bad', 'error'],
    },
    /** One for each question, in their order; `rows` counts up to two, `first` is the first row. */
    assertions: {
      type: 'array',
      items: {
        type: 'object',
        properties: { rows: whole, first: text, error: textOrNull },
        required: ['rows', 'first', 'error'],
      },
    },
  },
  required: [...envelopeRequired, 'markers', 'tables', 'assertions'],
} as const
