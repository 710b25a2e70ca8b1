import { text } from './values.ts'

export const runbooks = {
  type: 'object',
  description:
    'Where each VM’s runbook is kept current, as `NAME.md`: what to do without stillshot. A place that is there when the machine of stillshot is not.',
  additionalProperties: false,
  required: ['directory'],
  properties: {
    directory: {
      ...text,
      description: 'A folder that is there; it is not made, so that nothing is written where a share is not mounted.',
      examples: ['/mnt/wiki/runbooks'],
    },
  },
} as const
