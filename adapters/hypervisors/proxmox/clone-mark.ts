import { createHash } from 'node:crypto'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'

/** What a copy carries in the first line of its description: whose it is, and whether it has lost its network cards yet. */
export interface CloneMark {
  /** The name that it was made under. */
  readonly name: string
  /** The vmid of its VM. */
  readonly of: string
  /** Its SMBIOS UUID: a vmid may be given to another VM. */
  readonly uuid: string
  readonly snapshot: string
  readonly whole: boolean
  /** The vmid of the copy itself, once it is kept: whoever clones the copy clones the mark, and not this. */
  readonly kept?: string
}

const PREFIX = 'stillshot copy '

export function writeMark(mark: CloneMark): string {
  return PREFIX + JSON.stringify(mark)
}

/** The mark of a copy of this VM with this name; undefined for anything else, whatever the text is. */
export function readMark(description: unknown, vm: Vm, name: string): CloneMark | undefined {
  const mark = markIn(description)
  return mark?.name === name && mark.of === vm.nativeId && mark.uuid === vm.uuid ? mark : undefined
}

/** The mark of a kept copy, whoever's it is; undefined for anything else. */
export function readKept(description: unknown, nativeId: string): CloneMark | undefined {
  const mark = markIn(description)
  return mark?.kept === nativeId && cloneId(mark.name) === nativeId ? mark : undefined
}

/** A person may write below it. */
function markIn(description: unknown): CloneMark | undefined {
  const [text = ''] = typeof description === 'string' ? description.trim().split('\n') : []
  if (!text.startsWith(PREFIX)) return undefined
  try {
    const { name, of, uuid, snapshot, whole, kept } = JSON.parse(text.slice(PREFIX.length))
    if ([name, of, uuid, snapshot].some((each) => typeof each !== 'string')) return undefined
    return { name, of, uuid, snapshot, whole: whole === true, ...(typeof kept === 'string' ? { kept } : {}) }
  } catch {
    return undefined
  }
}

/** Whether a vmid is among those that copies have. */
export function isCloneId(vmid: number): boolean {
  return vmid >= FIRST_ID && vmid < FIRST_ID + IDS
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
