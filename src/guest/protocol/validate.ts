import { StillshotError } from '../../errors.ts'
import { compileSchema, errorsText, type ValidateFunction } from '../../json-schema/compile.ts'
import type {
  ComeBackAnswer,
  DrainAnswer,
  HoldAnswer,
  ProbeAnswer,
  ReleaseAnswer,
  StatusAnswer,
  UndrainAnswer,
} from './answers.ts'
import { comeBackSchema } from './come-back-schema.ts'
import { holdSchema } from './hold-schema.ts'
import { envelope, envelopeRequired, PROTOCOL } from './parts.ts'
import { probeSchema } from './probe-schema.ts'
import { releaseSchema } from './release-schema.ts'
import { drainSchema, statusSchema, undrainSchema } from './small-schemas.ts'

/** What each verb of the helper answers. */
export interface Answers {
  readonly probe: ProbeAnswer
  readonly drain: DrainAnswer
  readonly undrain: UndrainAnswer
  readonly hold: HoldAnswer
  readonly release: ReleaseAnswer
  readonly 'come-back': ComeBackAnswer
  readonly status: StatusAnswer
}
export type Verb = keyof Answers

const SCHEMAS = {
  probe: probeSchema,
  drain: drainSchema,
  undrain: undrainSchema,
  hold: holdSchema,
  release: releaseSchema,
  'come-back': comeBackSchema,
  status: statusSchema,
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

/**
 * The helper's answer to `verb`, checked by its schema. `holdId` is the id that was asked about: an answer for another
 * hold is refused. Rejects with `helper-answer-invalid`, or `version-newer` for a protocol that we do not know; an answer
 * that says `ok: false` is returned as a {@link Refusal}.
 */
export function readAnswer<V extends Verb>(verb: V, holdId: string, text: string): Answers[V] | Refusal {
  const document = parse(verb, text)
  if (!isEnvelope(document)) throw invalid(verb, errorsText(isEnvelope.errors))
  const head = document as Envelope
  if (head.protocol !== PROTOCOL) {
    throw new StillshotError('version-newer', `the helper speaks protocol ${head.protocol}, we speak ${PROTOCOL}`)
  }
  if (head.verb !== verb || head.hold !== holdId) {
    throw invalid(verb, `it answers '${head.verb}' of hold '${head.hold}'`)
  }
  // A release that could not start everything has still taken its fence: that answer is whole, and is evidence.
  const whole = head.ok || (verb === 'release' && head.error?.code === 'start-failed')
  if (!whole) return new Refusal(head.error?.code ?? 'unknown', head.error?.message ?? 'no reason given')
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

function parse(verb: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalid(verb, `no JSON: ${JSON.stringify(text.slice(0, 200))}`, cause)
  }
}

function invalid(verb: string, why: string, cause?: unknown): StillshotError {
  return new StillshotError('helper-answer-invalid', `the helper's answer to '${verb}' is not understood: ${why}`, {
    cause,
  })
}
