import { Refusal } from '../refusal.ts'
import { accessMethods } from './access-methods.ts'
import { agentMethods } from './agent-methods.ts'
import { cloneMethods } from './clone-methods.ts'
import { clusterMethods } from './cluster-methods.ts'
import { configMethods } from './config-methods.ts'
import { execMethods } from './exec-methods.ts'
import type { Method } from './method.ts'
import { powerMethods } from './power-methods.ts'
import { snapshotMethods } from './snapshot-methods.ts'
import { storageMethods } from './storage-methods.ts'
import { taskMethods } from './task-methods.ts'

const METHODS: readonly { readonly method: Method; readonly pattern: RegExp }[] = [
  ...accessMethods,
  ...clusterMethods,
  ...configMethods,
  ...snapshotMethods,
  ...cloneMethods,
  ...powerMethods,
  ...agentMethods,
  ...execMethods,
  ...taskMethods,
  ...storageMethods,
].map((method) => ({
  method,
  pattern: new RegExp(`^${method.path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}/?$`),
}))

/** The call behind a method and a path, with the parameters of the path; 501 for an unknown one. */
export function findMethod(name: string, path: string): { method: Method; fromPath: Record<string, string> } {
  for (const { method, pattern } of METHODS) {
    const match = method.method === name ? pattern.exec(path) : null
    if (match) return { method, fromPath: { ...match.groups } }
  }
  throw new Refusal(501, `Method '${name} ${path}' not implemented`)
}
