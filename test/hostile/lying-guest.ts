import { FakeShells } from '../../adapters/guests/fake/fake-shells.ts'
import type { CommandResult } from '../../src/guest/guest-shell.ts'
import { readAnswer, type Verb } from '../../src/guest/protocol/validate.ts'
import { makeWorld, type World } from '../world/world.ts'
import { type Change, changed, toJson } from './mutations.ts'

/** Lies about a whole answer. */
export const WHOLE_LIES = ['cut', 'empty', 'other-hold', 'noise', 'start-failed'] as const

/** What becomes of the answers of one verb on their way: of so many, the first of them being number `from`. */
export interface Lie {
  readonly verb: string
  readonly from: number
  readonly times: number
  readonly kind: 'changes' | (typeof WHOLE_LIES)[number]
  readonly changes: readonly Change[]
}

export interface LyingWorld {
  readonly world: World
  /** The last answer of each verb that is of its form, as it arrived: what is not is judged by nobody. */
  readonly arrived: ReadonlyMap<string, unknown>
  /** From here on the guest tells the truth. */
  becomeHonest(): void
}

/** The world of test/world, in which answers are changed on their way; what the guest does stays honest. */
export function lyingWorld(lies: readonly Lie[]): LyingWorld {
  const honest = makeWorld({ holdTtlMs: 15_000 })
  const arrived = new Map<string, unknown>()
  const counts = new Map<string, number>()
  let lying = true
  const program = async (argv: readonly string[]): Promise<CommandResult> => {
    const verb = String(argv[argv.indexOf('/usr/local/sbin/stillshot-guest') + 1])
    const result = await honest.guest.program(argv)
    const count = counts.get(verb) ?? 0
    counts.set(verb, count + 1)
    const told = lying
      ? lies
          .filter((lie) => lie.verb === verb && lie.from <= count && count < lie.from + lie.times)
          .reduce(tell, result)
      : result
    if (hasForm(verb, told.stdout)) arrived.set(verb, parsed(told.stdout))
    return told
  }
  const shells = new FakeShells({ clock: honest.clock, program })
  const ports = { ...honest.ports, shells }
  const world = { ...honest, ports, shells }
  return {
    world,
    arrived,
    becomeHonest() {
      lying = false
    },
  }
}

function tell(result: CommandResult, { kind, changes, from }: Lie): CommandResult {
  const { stdout } = result
  // An earlier lie made it deeper than the stack: it stays so.
  if (stdout.includes('[[[[[[[[') && (kind === 'changes' || kind === 'start-failed')) return result
  switch (kind) {
    case 'cut':
      return { ...result, stdout: stdout.slice(0, Math.floor(stdout.length / (from + 2))) }
    case 'empty':
      return { ...result, stdout: '', stderr: 'killed', exitStatus: 137 }
    case 'other-hold':
      return { ...result, stdout: stdout.replace(/"hold":"[^"]*"/, '"hold":"01JDZZZZZZZZZZZZZZZZZZZZZZ"') }
    case 'start-failed': {
      const error = { code: 'start-failed', message: 'mariadb.service does not start' }
      return { ...result, stdout: JSON.stringify({ ...(parsed(stdout) as object), ok: false, error }) }
    }
    case 'noise':
      return { ...result, stdout: `${stdout}${stdout}` }
    default:
      return { ...result, stdout: toJson(changed(parsed(stdout) ?? {}, changes)) }
  }
}

/** Whose answer it says it is does not matter here: that is for whoever judges it. */
function hasForm(verb: string, text: string): boolean {
  try {
    const document = { ...(parsed(text) as { hold: string }), verb }
    readAnswer(verb as Verb, document.hold, JSON.stringify(document))
    return true
  } catch {
    return false
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
