import type { FromSchema } from '../json-schema/from-schema.ts'
import { drills } from './schema/drills.ts'
import { hypervisors } from './schema/hypervisors.ts'
import { policies } from './schema/policies.ts'
import { profiles } from './schema/profiles.ts'
import { repositories } from './schema/repositories.ts'
import { runbooks } from './schema/runbooks.ts'
import { ssh } from './schema/ssh.ts'
import { state } from './schema/state.ts'
import { vms } from './schema/vms.ts'

/**
 * The configuration file, once: types, validation, config/schema.json, the annotated example and the reference page are
 * all made from it (`npm run generate`).
 */
export const configSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'stillshot configuration',
  type: 'object',
  description:
    'Paths are relative to the file. Unknown keys are errors. A secret is `env:NAME`, `file:PATH` or `exec:COMMAND`.',
  additionalProperties: false,
  required: ['hypervisors', 'vms'],
  properties: { hypervisors, ssh, vms, profiles, policies, drills, repositories, runbooks, state },
} as const

/** A configuration that passed validation, as it stands in the file: no defaults, secrets by reference. */
export type Config = FromSchema<typeof configSchema, { keepDefaultedPropertiesOptional: true }>
