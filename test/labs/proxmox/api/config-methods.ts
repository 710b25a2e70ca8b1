import { ROOT } from '../access/accounts.ts'
import { checkConfigLock, describe, digestOf, type Guest } from '../guests/guest.ts'
import { die, parameterRefusal } from '../refusal.ts'
import { forGuests } from './guest-methods.ts'
import { type Call, SNAPNAME } from './method.ts'

/** The options of a guest that can be changed here; the product has hundreds. */
const OPTIONS = ['name', 'tags', 'agent', 'hookscript'] as const

export const configMethods = forGuests([
  {
    method: 'GET',
    path: '/config',
    parameters: { current: { type: 'boolean', optional: true }, snapshot: { ...SNAPNAME.snapname, optional: true } },
    privileges: ['VM.Audit'],
    code: ({ parameters }, guest) => {
      const { snapshot } = parameters
      const config = snapshot === undefined ? guest.config : guest.snapshots.get(snapshot)
      if (config === undefined) die(`snapshot '${snapshot}' does not exist`)
      return { ...config, digest: digestOf(guest) }
    },
  },
  {
    method: 'PUT',
    path: '/config',
    parameters: {
      ...Object.fromEntries(
        [...OPTIONS, 'description', 'delete'].map((name) => [name, { type: 'string', optional: true }]),
      ),
      skiplock: { type: 'boolean', optional: true },
    },
    privileges: ['VM.Config.Options'],
    code: change,
  },
])

async function change({ cluster, who, parameters }: Call, guest: Guest): Promise<null> {
  if (parameters.skiplock !== undefined && who !== ROOT) {
    throw parameterRefusal({ skiplock: 'Only root may use this option.' })
  }
  await cluster.lockConfig(guest, undefined, () => {
    if (parameters.skiplock !== '1') checkConfigLock(guest)
    for (const name of parameters.delete?.split(',') ?? []) delete guest.config[name]
    for (const name of OPTIONS) if (parameters[name] !== undefined) guest.config[name] = parameters[name]
    if (parameters.description !== undefined) describe(guest.config, parameters.description)
  })
  return null
}
