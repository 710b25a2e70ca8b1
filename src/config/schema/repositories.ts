import { names, secret, text } from './values.ts'

const directory = {
  type: 'object',
  description: 'A mounted folder of another machine.',
  additionalProperties: false,
  required: ['kind', 'path'],
  properties: {
    kind: { const: 'directory', description: 'What stores it.', examples: ['directory'] },
    path: { ...text, description: 'The folder.', examples: ['/srv/backup'] },
  },
} as const

const restic = {
  type: 'object',
  description: 'A repository of restic.',
  additionalProperties: false,
  required: ['kind', 'repository', 'password'],
  properties: {
    kind: { const: 'restic', description: 'What stores it.', examples: ['restic'] },
    repository: { ...text, description: 'Its address, as restic takes it.', examples: ['sftp:nas.example:/backup'] },
    password: { ...secret, description: 'Its password by reference.', examples: ['file:restic.password'] },
  },
} as const

export const repositories = {
  type: 'object',
  description: 'Off-host storage. This version checks and stores it; it does not use it yet.',
  propertyNames: names,
  additionalProperties: {
    type: 'object',
    required: ['kind'],
    discriminator: { propertyName: 'kind' },
    oneOf: [directory, restic],
  },
} as const
