import { envelope, envelopeRequired, log, page, relatedUnit, replicas, shapes } from './parts.ts'

const { text, textOrNull, bool, textMap } = shapes

/** `come-back PROFILE ID`: how everything is after the release (ID) or after a boot (ID `-`). */
export const comeBackSchema = {
  type: 'object',
  properties: {
    ...envelope,
    components: {
      type: 'array',
      items: {
        type: 'object',
        properties: { unit: text, activeState: text, related: { type: 'array', items: relatedUnit } },
        required: ['unit', 'activeState', 'related'],
      },
    },
    dbms: {
      type: ['object', 'null'],
      properties: {
        unit: textMap,
        socketExists: bool,
        select1: bool,
        loginError: textOrNull,
        /** Since the last start of the server. */
        log,
        variables: textMap,
        replicas,
      },
      required: ['unit', 'socketExists', 'select1', 'loginError', 'log', 'variables', 'replicas'],
    },
    /** Absent from an older helper; null where the profile has none, or none was found. */
    page,
    markers: {
      type: 'array',
      items: {
        type: 'object',
        properties: { mount: text, path: text, content: textOrNull },
        required: ['mount', 'path', 'content'],
      },
    },
  },
  required: [...envelopeRequired, 'components', 'dbms', 'markers'],
} as const
