import { StillshotError } from '../../errors.ts'
import { compileSchema, errorsText, type ValidateFunction } from '../../json-schema/compile.ts'
import { Redaction } from '../../log/redaction.ts'
import type {
  BinlogsAnswer,
  ClockAnswer,
  ComeBackAnswer,
  DrainAnswer,
  DrillAnswer,
  FenceAnswer,
  ForgetAnswer,
  HoldAnswer,
  InventoryAnswer,
  KeptAnswer,
  OverAnswer,
  ProbeAnswer,
  ReleaseAnswer,
  RenewAnswer,
  StatusAnswer,
  UndrainAnswer,
  WholeAnswer,
} from './answers.ts'
import { binlogsSchema } from './binlogs-schema.ts'
import { comeBackSchema } from './come-back-schema.ts'
import { drillSchema } from './drill-schema.ts'
import { renewSchema, wholeSchema } from './half-schema.ts'
import { holdSchema } from './hold-schema.ts'
import { inventorySchema } from './inventory-schema.ts'
import { forgetSchema, keptSchema } from './kept-schema.ts'
import { overSchema } from './over-schema.ts'
import { envelope, envelopeRequired, PROTOCOL, VERSION } from './parts.ts'
import { probeSchema } from './probe-schema.ts'
import { fenceSchema, releaseSchema } from './release-schema.ts'
import { clockSchema, drainSchema, statusSchema, undrainSchema } from './small-schemas.ts'

/** What each verb of the helper answers. */
export interface Answers {
  readonly probe: ProbeAnswer
  readonly drain: DrainAnswer
  readonly undrain: UndrainAnswer
  readonly hold: HoldAnswer
  readonly fence: FenceAnswer
  readonly release: ReleaseAnswer
  readonly 'come-back': ComeBackAnswer
  readonly status: StatusAnswer
  readonly kept: KeptAnswer
  readonly forget: ForgetAnswer
  readonly clock: ClockAnswer
  readonly drill: DrillAnswer
  readonly inventory: InventoryAnswer
  readonly binlogs: BinlogsAnswer
  readonly renew: RenewAnswer
  readonly whole: WholeAnswer
  readonly over: OverAnswer
}
export type Verb = keyof Answers

const SCHEMAS = {
  probe: probeSchema,
  drain: drainSchema,
  undrain: undrainSchema,
  hold: holdSchema,
  fence: fenceSchema,
  release: releaseSchema,
  'come-back': comeBackSchema,
  status: statusSchema,
  kept: keptSchema,
  forget: forgetSchema,
  clock: clockSchema,
  drill: drillSchema,
  inventory: inventorySchema,
  binlogs: binlogsSchema,
  renew: renewSchema,
  whole: wholeSchema,
  over: overSchema,
} as const satisfies Record<Verb, object>

interface Envelope {
  readonly version: number
  readonly protocol: number
  readonly verb: string
  readonly hold: string
  readonly ok: boolean
  readonly error: { readonly code: string; readonly message: string } | null
}

const isEnvelope = compileSchema({ type: 'object', properties: envelope, required: [...envelopeRequired] })
const compiled = new Map<Verb, ValidateFunction>()

/** Compiles the check of a verb's answer ahead of time: between hold and release there is none to spare. */
export function prepareValidation(...verbs: readonly Verb[]): void {
  for (const verb of verbs) {
    if (!compiled.has(verb)) compiled.set(verb, compileSchema(SCHEMAS[verb]))
  }
}

/** Deeper than any answer; what is kept of one is written out as JSON again, which takes a stack. */
const DEEPEST = 32

/** What is quoted of an answer: enough to find the place. */
const LONGEST_QUOTE = 500

/**
 * The helper's answer to `verb`, checked by its schema. `holdId` is the id that was asked about: an answer for another
 * hold is refused. `redaction` knows the secrets that were sent along: none of them is in what this returns or throws.
 * Rejects with `helper-answer-invalid`, or `version-newer` for a version or protocol that we do not know; an answer that
 * says `ok: false` is returned as a {@link Refusal}.
 */
export function readAnswer<V extends Verb>(
  verb: V,
  holdId: string,
  text: string,
  redaction = new Redaction(),
): Answers[V] | Refusal {
  const document = redaction.document(parse(verb, text, redaction))
  refuseNewer(document)
  if (!isEnvelope(document)) throw invalid(verb, errorsText(isEnvelope.errors))
  const head = document as Envelope
  if (head.verb !== verb || head.hold !== holdId) {
    throw invalid(verb, `it answers '${head.verb}' of hold '${head.hold}'`)
  }
  // Nothing is stopped yet: an answer with a secret in it is looked at by a person, not mended and relied on.
  if (verb === 'probe' && redaction.text(text) !== text) throw invalid(verb, 'it holds the password that was sent')
  // A release that could not start everything has still taken its fence: that answer is whole, and is evidence.
  const whole = head.ok || (verb === 'release' && head.error?.code === 'start-failed')
  if (!whole) return refusal(head.error)
  if (head.ok && head.error !== null) throw invalid(verb, `it says ok and '${head.error.code}'`)
  prepareValidation(verb)
  const validate = compiled.get(verb)
  if (validate === undefined || !validate(document)) throw invalid(verb, errorsText(validate?.errors))
  return document as Answers[V]
}

/** The helper's own no. Only `stop-timeout` leaves a component stopping; the guest starts it again by itself. */
export class Refusal {
  readonly code: string
  readonly message: string
  constructor(code: string, message: string) {
    this.code = code
    this.message = message
  }
}

function parse(verb: string, text: string, redaction: Redaction): unknown {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw invalid(verb, `no JSON: ${JSON.stringify(redaction.text(text).slice(0, 200))}`)
  }
  if (isDeeper(document, DEEPEST)) throw invalid(verb, `it is nested more than ${DEEPEST} levels deep`)
  return document
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1))
}

function refusal(error: Envelope['error']): Refusal {
  return new Refusal(quote(error?.code ?? 'unknown'), quote(error?.message.trim() || 'no reason given'))
}

function refuseNewer(document: unknown): void {
  const { version, protocol } = (document ?? {}) as { version?: unknown; protocol?: unknown }
  if (typeof version === 'number' && version > VERSION) {
    throw new StillshotError('version-newer', `the helper's answer has version ${version}, we read ${VERSION}`)
  }
  if (typeof protocol === 'number' && protocol !== PROTOCOL) {
    throw new StillshotError('version-newer', `the helper speaks protocol ${protocol}, we speak ${PROTOCOL}`)
  }
}

function invalid(verb: string, why: string): StillshotError {
  return new StillshotError(
    'helper-answer-invalid',
    `the helper's answer to '${verb}' is not understood: ${quote(why)}`,
  )
}

function quote(text: string): string {
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text
}
