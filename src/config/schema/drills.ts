import { SIZE_PATTERN, text } from './values.ts'

const size = { type: 'string', pattern: SIZE_PATTERN } as const

export const drills = {
  type: 'object',
  description:
    'How much drills may take at a time, counted over all of them that share this catalog, also from other machines and those that a crash left.',
  additionalProperties: false,
  properties: {
    atOnce: { type: 'integer', minimum: 1, maximum: 1000, description: 'How many.', default: 1, examples: [2] },
    memory: {
      ...size,
      description:
        'Memory of all copies together; every VM that is drilled must then say that of its copy, `drill: memory`.',
      examples: ['16GiB'],
    },
    storage: {
      ...size,
      description:
        'Size of the disks of all copies together, as the guests see them, whatever they take on the storage.',
      examples: ['500GiB'],
    },
    hours: {
      type: 'string',
      pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$',
      description: 'When a drill may begin, from and to; over midnight where the second is not later.',
      examples: ['22:00-05:00'],
    },
    timezone: { ...text, description: 'Time zone of the hours.', default: 'UTC', examples: ['Europe/Paris'] },
  },
} as const
