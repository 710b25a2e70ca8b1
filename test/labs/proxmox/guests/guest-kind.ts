/** What differs between virtual machines and containers in names, texts and places. */
export interface GuestKind {
  /** In paths and in /cluster/resources. */
  readonly name: 'qemu' | 'lxc'
  /** As in "VM is locked (snapshot)". */
  readonly word: 'VM' | 'CT'
  /** Task types begin with it: `qmsnapshot`. */
  readonly taskPrefix: 'qm' | 'vz'
  readonly configFolder: string
  lockFile(vmid: number): string
}

export const GUEST_KINDS = {
  qemu: {
    name: 'qemu',
    word: 'VM',
    taskPrefix: 'qm',
    configFolder: 'qemu-server',
    lockFile: (vmid) => `/var/lock/qemu-server/lock-${vmid}.conf`,
  },
  lxc: {
    name: 'lxc',
    word: 'CT',
    taskPrefix: 'vz',
    configFolder: 'lxc',
    lockFile: (vmid) => `/run/lock/lxc/pve-config-${vmid}.lock`,
  },
} as const satisfies Record<string, GuestKind>

export type GuestKindName = keyof typeof GUEST_KINDS

export function migrationLockFile(vmid: number): string {
  return `/var/lock/pve-manager/pve-migrate-${vmid}`
}
