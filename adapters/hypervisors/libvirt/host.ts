import type { VirshSession } from './virsh-session.ts'

/** One libvirt, as the parts of this adapter see it. */
export interface LibvirtHost {
  /** The name under `hypervisors:`. */
  readonly name: string
  readonly uri: string
  readonly session: VirshSession
  /** Whether the images of its VMs are files of this machine. */
  readonly local: boolean
  /** Where overlays of block devices go. */
  readonly overlayFolder: string
}

/** True for `qemu:///system`, `qemu+unix:///session` and the like: no host, no transport over a network. */
export function isLocalUri(uri: string): boolean {
  const parts = /^([a-z]+)(?:\+([a-z0-9]+))?:\/\/([^/?]*)/i.exec(uri)
  return parts !== null && (parts[2] === undefined || parts[2] === 'unix') && parts[3] === ''
}
