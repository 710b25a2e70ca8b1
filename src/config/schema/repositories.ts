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
    recipients: {
      type: 'array',
      description:
        'Public keys of age, or of SSH as age takes them: what is stored is sealed for them, and nobody else reads it. Manifests stay readable.',
      minItems: 1,
      items: {
        type: 'string',
        pattern: '^(age1[0-9a-z]{10,}|ssh-(ed25519|rsa) [A-Za-z0-9+/=]+( [^\\s]+)?)$',
        description: 'One recipient.',
      },
      examples: [['age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p']],
    },
    identity: {
      ...secret,
      description:
        'The identity of one of the recipients, by reference. Only a restore and the whole of `verify` need it: without it, this machine cannot read what it has written.',
      examples: ['file:backup.identity'],
    },
  },
} as const

const restic = {
  type: 'object',
  description:
    'A repository of restic, made with `restic init`: encrypted, deduplicated, on any remote that restic knows.',
  additionalProperties: false,
  required: ['kind', 'repository', 'password'],
  properties: {
    kind: { const: 'restic', description: 'What stores it.', examples: ['restic'] },
    repository: {
      ...text,
      description:
        'Its address, as restic takes it; one that holds a password by reference: `file:`, `env:` or `exec:`. A path is absolute.',
      examples: ['sftp:nas.example:/backup'],
    },
    password: { ...secret, description: 'Its password by reference.', examples: ['file:restic.password'] },
    environment: {
      type: 'object',
      description: 'What restic finds in its environment, by reference: keys of S3 and of the like.',
      propertyNames: { pattern: '^[A-Z][A-Z0-9_]{0,63}$' },
      additionalProperties: secret,
      examples: [{ AWS_SECRET_ACCESS_KEY: 'file:s3.key' }],
    },
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
