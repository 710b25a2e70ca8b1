import { createHash } from 'node:crypto'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'

/** What a copy carries in its description: whose it is, and whether it has lost its network cards yet. */
export interface CloneMark {
  readonly name: string
  /** The vmid of its VM. */
  readonly of: string
  /** Its SMBIOS UUID: a vmid may be given to another VM. */
  readonly uuid: string
  readonly snapshot: string
  readonly whole: boolean
}

const PREFIX = 'stillshot copy '

export function writeMark(mark: CloneMark): string {
  return PREFIX + JSON.stringify(mark)
}

/** The mark of a copy of this VM with this name; undefined for anything else, whatever the text is. */
export function readMark(description: unknown, vm: Vm, name: string): CloneMark | undefined {
  const text = typeof description === 'string' ? description.trim() : ''
  if (!text.startsWith(PREFIX)) return undefined
  try {
    const mark = JSON.parse(text.slice(PREFIX.length)) as CloneMark
    return mark.name === name && mark.of === vm.nativeId && mark.uuid === vm.uuid ? mark : undefined
  } catch {
    return undefined
  }
}

const FIRST_ID = 900_000_000
const IDS = 99_999_999

/**
 * The vmid of the copy with this name, always the same: Proxmox VE makes no second VM of one id, so that a request whose answer
 * was lost cannot work twice, and a copy that is half made, which has no name yet, is found.
 */
export function cloneId(name: string): string {
  return String(FIRST_ID + (createHash('sha256').update(name).digest().readUIntBE(0, 6) % IDS))
}
