import { ROOT } from '../access/accounts.ts'
import type { Privilege } from '../access/privileges.ts'
import { checkConfigLock, describe, digestOf, type Guest, type GuestConfig } from '../guests/guest.ts'
import { die, parameterRefusal } from '../refusal.ts'
import { forGuests } from './guest-methods.ts'
import { type Call, SNAPNAME } from './method.ts'

/** The options of a guest that can be changed here, by the privilege for them; the product has hundreds. */
const OPTIONS = {
  name: 'VM.Config.Options',
  tags: 'VM.Config.Options',
  agent: 'VM.Config.Options',
  hookscript: 'VM.Config.Options',
  onboot: 'VM.Config.Options',
  protection: 'VM.Config.Options',
  description: 'VM.Config.Options',
  memory: 'VM.Config.Memory',
  balloon: 'VM.Config.Memory',
  net0: 'VM.Config.Network',
  net1: 'VM.Config.Network',
} as const satisfies Record<string, Privilege>

type Option = keyof typeof OPTIONS
const NAMES = Object.keys(OPTIONS) as readonly Option[]

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
      ...Object.fromEntries([...NAMES, 'delete'].map((name) => [name, { type: 'string', optional: true }])),
      skiplock: { type: 'boolean', optional: true },
    },
    privileges: [...new Set(Object.values(OPTIONS))],
    any: true,
    code: change,
  },
])

async function change({ cluster, who, parameters }: Call, guest: Guest): Promise<null> {
  if (parameters.skiplock !== undefined && who !== ROOT) {
    throw parameterRefusal({ skiplock: 'Only root may use this option.' })
  }
  await cluster.lockConfig(guest, undefined, () => {
    if (parameters.skiplock !== '1') checkConfigLock(guest)
    const deleted = parameters.delete?.split(',') ?? []
    const changed = NAMES.filter((name) => parameters[name] !== undefined || deleted.includes(name))
    for (const name of changed) cluster.accounts.demand(who, `/vms/${guest.vmid}`, [OPTIONS[name]])
    for (const name of deleted) delete guest.config[name]
    for (const name of changed) set(guest.config, name, parameters[name])
  })
  return null
}

function set(config: GuestConfig, name: Option, value: string | undefined): void {
  if (value === undefined) return
  if (name === 'description') describe(config, value)
  else config[name] = value
}
