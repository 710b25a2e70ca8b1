import { createHmac, timingSafeEqual } from 'node:crypto'
import { GRADES, type Grade } from './grade.ts'

/** What stillshot writes on a snapshot of its own, so that the grade survives the loss of the catalog. */
export interface SnapshotClaim {
  readonly version: 1
  readonly grade: Grade | 'pending'
  readonly point: string
  readonly run: string
  readonly vm: string
  readonly at: string
  /** Undefined for a point that a stop made, and for a safety point. */
  readonly mode?: 'freeze'
  /** Id of the hold that a freeze from inside took: the markers on the disks name it. */
  readonly held?: string
}

/** Key of the description's HMAC: 32 bytes, kept beside the catalog. */
export type DescriptionKey = Uint8Array

/**
 * One line: `stillshot 1 grade=… point=… run=… vm=… at=… hmac=…`; of a freeze, `mode=freeze` stands before the HMAC, and `held=…` where it
 * held from inside. The HMAC (SHA-256, first 32 hexadecimal digits) covers everything before it.
 */
export function formatDescription(claim: SnapshotClaim, key: DescriptionKey): string {
  const vm = encodeURIComponent(claim.vm)
  const mode = claim.mode === undefined ? '' : ` mode=${claim.mode}`
  const held = claim.held === undefined ? '' : ` held=${claim.held}`
  const facts = `grade=${claim.grade} point=${claim.point} run=${claim.run} vm=${vm} at=${claim.at}`
  const signed = `stillshot 1 ${facts}${mode}${held}`
  return `${signed} hmac=${sign(signed, key)}`
}

export interface ReadDescription {
  readonly claim: SnapshotClaim
  /** False: somebody else's key, or changed by hand; the grade is claimed, not known. */
  readonly verified: boolean
}

/** Reads what {@link formatDescription} wrote; undefined for anything else. Never throws, whatever the text is. */
export function readDescription(text: string, key: DescriptionKey): ReadDescription | undefined {
  const found =
    /^(stillshot 1 grade=([a-z-]+) point=([0-9A-Z]{26}) run=([0-9A-Z]{26}) vm=(\S*) at=(\S+)(?: mode=(freeze)(?: held=([0-9A-Z]{26}))?)?) hmac=([0-9a-f]{32})$/.exec(
      text.trim(),
    )
  const [, signed, grade, point, run, vm, at, mode, held, hmac] = found ?? []
  if (!signed || !grade || !point || !run || vm === undefined || !at || !hmac) return undefined
  if (grade !== 'pending' && !(GRADES as readonly string[]).includes(grade)) return undefined
  const name = decode(vm)
  if (name === undefined) return undefined
  const verified = timingSafeEqual(Buffer.from(sign(signed, key)), Buffer.from(hmac))
  const freeze = mode === undefined ? {} : ({ mode: 'freeze', ...(held === undefined ? {} : { held }) } as const)
  return { claim: { version: 1, grade: grade as Grade | 'pending', point, run, vm: name, at, ...freeze }, verified }
}

/**
 * The grade that a reader may go by. `point`: the id in the name of the snapshot that carries the description: a copy of it
 * on another snapshot says nothing. `suspect` until a grade was written, and when the signature does not verify.
 */
export function gradeToTrust(read: ReadDescription | undefined, point: string | undefined): Grade {
  if (read === undefined || !read.verified || read.claim.point !== point) return 'suspect'
  return read.claim.grade === 'pending' ? 'suspect' : read.claim.grade
}

function sign(signed: string, key: DescriptionKey): string {
  return createHmac('sha256', key).update(signed).digest('hex').slice(0, 32)
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
