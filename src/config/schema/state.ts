import { secret, text } from './values.ts'

export const state = {
  type: 'object',
  description: 'What stillshot keeps on its own machine.',
  additionalProperties: false,
  properties: {
    directory: {
      ...text,
      description: 'Folder of the catalog and the journals; made with mode 0700, refused when others can write it.',
      default: '/var/lib/stillshot',
      examples: ['/var/lib/stillshot'],
    },
    catalog: {
      type: 'object',
      description: 'A catalog that several coordinators share. Not supported yet; default: SQLite in the directory.',
      additionalProperties: false,
      required: ['url'],
      properties: {
        url: { ...secret, description: 'Address of PostgreSQL by reference.', examples: ['file:catalog.url'] },
      },
    },
  },
} as const
