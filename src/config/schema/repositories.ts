import { names, secret, text } from './values.ts'

const compression = {
  enum: ['zstd', 'gzip'],
  description:
    'How dumps and archives are packed: `zstd` is faster and smaller, `gzip` is read by every machine. Either is read back without stillshot.',
  default: 'zstd',
  examples: ['zstd'],
} as const

const directory = {
  type: 'object',
  description: 'A mounted folder of another machine.',
  additionalProperties: false,
  required: ['kind', 'path'],
  properties: {
    kind: { const: 'directory', description: 'What stores it.', examples: ['directory'] },
    path: { ...text, description: 'The folder; it is never made.', examples: ['/srv/backup'] },
    mount: {
      type: 'boolean',
      description:
        'Refuse the folder while it lies on the root file system: then the share that should be there is not mounted.',
      default: true,
      examples: [true],
    },
    compression,
  },
} as const

const restic = {
  type: 'object',
  description: 'A repository of restic. This version checks and stores it; it does not use it yet.',
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
  description: 'Off-host storage for what `stillshot backup` makes.',
  propertyNames: names,
  additionalProperties: {
    type: 'object',
    required: ['kind'],
    discriminator: { propertyName: 'kind' },
    oneOf: [directory, restic],
  },
} as const

export const directoryDefaults = {
  mount: directory.properties.mount.default,
  compression: compression.default,
} as const
