/** What Proxmox VE calls the kinds of guests by, in paths and lists. */
export const GUEST_KINDS = ['qemu', 'lxc'] as const
export type GuestKind = (typeof GUEST_KINDS)[number]

export function isGuestKind(word: unknown): word is GuestKind {
  return GUEST_KINDS.some((kind) => kind === word)
}

/** The command of a node for guests of the kind. */
export function commandFor(kind: GuestKind): 'qm' | 'pct' {
  return kind === 'lxc' ? 'pct' : 'qm'
}

/** The type of a task, which is told by a virtual machine's, for the kind: `qmsnapshot` is `vzsnapshot` for a container. */
export function taskTypeFor(kind: GuestKind, type: string): string {
  return kind === 'lxc' ? type.replace(/^qm/, 'vz') : type
}

/** The same the other way round: tasks are told by the names that those of virtual machines have. */
export function plainTaskType(type: string): string {
  return type.replace(/^vz(?!dump)/, 'qm')
}

/** Of a task's id: `UPID:node:…:vzsnapshot:100:user:`. */
export function kindOfTask(upid: string): GuestKind {
  return upid.split(':')[5]?.startsWith('vz') === true ? 'lxc' : 'qemu'
}
