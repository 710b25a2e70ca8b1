import type { Finding } from '../../../src/finding.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { api, type Cluster } from './cluster.ts'

/** Paths with the privileges on them, as the credentials have them. */
export type Permissions = Readonly<Record<string, Readonly<Record<string, unknown>>>>

export async function readPermissions(cluster: Cluster, call: Call, path?: string): Promise<Permissions> {
  const errand = { call, doing: 'read the permissions' }
  return api(cluster, errand).access.permissions.$get(path === undefined ? {} : { path })
}

/** One finding for every privilege that is missing on the VM, or one that all are there. */
export async function rightsFindings(
  cluster: Cluster,
  { nativeId }: Pick<Vm, 'nativeId'>,
  needed: readonly string[],
  call: Call,
): Promise<readonly Finding[]> {
  const path = `/vms/${nativeId}`
  // A privilege is there when it is named; its value only says whether paths below inherit it.
  const has = Object.keys((await readPermissions(cluster, call, path))[path] ?? {})
  const missing = needed.filter((privilege) => !has.includes(privilege))
  if (missing.length === 0) {
    return [{ severity: 'ok', code: 'rights', message: `${needed.join(', ')} on ${path}`, hint: '' }]
  }
  return missing.map((privilege) => ({
    severity: 'refuse',
    code: 'missing-privilege',
    message: `${privilege} on ${path} is missing`,
    hint: `give the token a role that has ${privilege}: \`pveum acl modify ${path} --tokens 'USER@REALM!NAME' --roles ROLE\`; with privilege separation its user needs it as well`,
    error: 'hypervisor-refused',
  }))
}

/** Something that the credentials may not look at. No failure: the snapshot itself needs none of it. */
export function notChecked(what: string, privilege: string): Finding {
  return { severity: 'warn', code: 'not-checked', message: `not checked: ${what}`, hint: `it needs ${privilege}` }
}
