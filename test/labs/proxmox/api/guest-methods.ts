import type { WorkContext } from '../acts/context.ts'
import type { Guest } from '../guests/guest.ts'
import { GUEST_KINDS, type GuestKind } from '../guests/guest-kind.ts'
import { type Call, type Demanded, GUEST, given, type Method, type Permission } from './method.ts'
import type { Properties } from './schema.ts'

/** A call of a guest, said once for both kinds. */
export interface GuestMethod {
  readonly method: Method['method']
  /** What follows `/nodes/{node}/qemu/{vmid}`. */
  readonly path: string
  readonly parameters?: Properties
  readonly privileges: Demanded
  readonly any?: true
  readonly only?: 'qemu'
  readonly code: (call: Call, guest: Guest) => unknown
}

/** The calls for virtual machines and for containers. All are the daemon's, on the guest's node. */
export function forGuests(methods: readonly GuestMethod[]): readonly Method[] {
  return Object.values(GUEST_KINDS).flatMap((kind) =>
    methods.filter(({ only }) => only === undefined || only === kind.name).map((method) => ofKind(kind, method)),
  )
}

function ofKind({ name }: GuestKind, { method, path, parameters, privileges, any, code }: GuestMethod): Method {
  const permission: Permission = { path: '/vms/{vmid}', privileges, ...(any && { any }) }
  return {
    method,
    path: `/nodes/{node}/${name}/{vmid}${path}`,
    parameters: { ...GUEST, ...parameters },
    permission,
    protected: true,
    code: (call) => code(call, call.cluster.guestOn(call.node, name, given(call.parameters, 'vmid'))),
  }
}

/** Starts a task of the guest in the caller's name; gives its UPID. */
export function fork(call: Call, guest: Guest, type: string, work: (context: WorkContext) => Promise<void>): string {
  const { cluster, node, who } = call
  const request = { node, type: `${guest.kind.taskPrefix}${type}`, id: String(guest.vmid), who }
  return cluster.tasks.fork(request, (worker) => work({ cluster, worker, guest })).upid
}
