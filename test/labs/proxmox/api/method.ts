import type { Privilege } from '../access/privileges.ts'
import type { Cluster } from '../cluster.ts'
import type { Parameters, Properties } from './schema.ts'

/** One call of the API as the product declares it. */
export interface Method {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `/nodes/{node}/qemu/{vmid}/snapshot`; with `{node}` it is done on that node. */
  readonly path: string
  /** Those of the path included. */
  readonly parameters: Properties
  readonly permission: Permission
  /** Whether the daemon does it, which the web server waits for with a limit. */
  readonly protected?: true
  readonly code: (call: Call) => unknown
}

/** `world`: without credentials. `all`: whoever has logged in; the call itself looks closer. */
export type Permission = 'world' | 'all' | { readonly path: string; readonly privileges: Demanded; readonly any?: true }

/** Privileges, the same in every release or not. */
export type Demanded = readonly Privilege[] | ((cluster: Cluster) => readonly Privilege[])

export interface Call {
  readonly cluster: Cluster
  /** The node that does the call. */
  readonly node: string
  /** `name@realm` or `name@realm!token`; empty for a call without credentials. */
  readonly who: string
  readonly parameters: Parameters
  /** Puts `total` into the answer. */
  setTotal(total: number): void
}

export const NODE = { node: { type: 'string', format: 'pve-node' } } as const satisfies Properties
export const VMID = { vmid: { type: 'integer', format: 'pve-vmid' } } as const satisfies Properties
export const GUEST = { ...NODE, ...VMID } as const satisfies Properties
export const SNAPNAME = {
  snapname: { type: 'string', format: 'pve-configid', maxLength: 40 },
} as const satisfies Properties

/** A parameter that the schema demands. */
export function given(parameters: Parameters, name: string): string {
  const value = parameters[name]
  if (value === undefined) throw new Error(`the schema of this call does not demand ${name}`)
  return value
}
