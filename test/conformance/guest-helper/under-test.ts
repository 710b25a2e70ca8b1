import { test } from 'node:test'
import type { FenceFacts } from '../../../src/guest/protocol/answers.ts'
import { type Answers, Refusal, readAnswer, type Verb } from '../../../src/guest/protocol/validate.ts'

/** How a helper enrols. */
export interface GuestHelperSuite {
  readonly name: string
  /** Cases that run beside each other. */
  readonly concurrency: number
  /** A new guest for each case, which {@link GuestBefore} describes. */
  open(before: GuestBefore): Promise<GuestHelperUnderTest>
}

/**
 * A guest with the units `apache2.service` and `mariadb.service`, and a profile `mysql` that holds both in this order. The
 * server has five seconds to stop and sixty to start; `apache2.service` obeys at once.
 */
export interface GuestBefore {
  readonly serverRuns: boolean
  readonly webRuns: boolean
}

export interface GuestHelperUnderTest {
  /** Calls the helper; resolves with what it prints. Its standard input is empty unless given, and may come later. */
  run(verb: Verb, words: readonly string[], stdin?: Promise<string>): Promise<string>
  /** Lets time pass in the guest. */
  pass(ms: number): Promise<void>
  serverRuns(): Promise<boolean>
  /** What somebody else does, by the unit. */
  startServer(): Promise<void>
  stopServer(): Promise<void>
  /** The stop of the server that begins next takes this long. */
  hangStops(ms: number): Promise<void>
  /** Whether starts of the server fail from now on. */
  failStarts(fail: boolean): Promise<void>
  /** The next hold's sync fails. */
  failSync(): Promise<void>
  /** Another helper takes the place of this one. */
  replaceHelper(): Promise<void>
  /** Resolves once a drain has lowered the server's settings and waits. */
  drainWaits(): Promise<void>
  /** The next change of the server's settings takes this long. */
  slowSettings(ms: number): Promise<void>
  /** Resolves once a drain has noted the server's settings and lowers them. */
  drainLowers(): Promise<void>
  /** The server's settings are those of a drain. */
  lowered(): Promise<boolean>
  /** Ends what still runs; must work after any failure. */
  close(): Promise<void>
}

export const SERVER = 'mariadb.service'
export const WEB = 'apache2.service'
export const HOLD = '01JDABCDEFGHJKMNPQRSTVWXY0'
export const OTHER_HOLD = '01JDABCDEFGHJKMNPQRSTVWXY1'
/** Time to live and time to start of a hold whose watchdog fires 18 seconds after it began. */
export const SHORT = ['23000', '0'] as const
/** The same of a hold that no case outlives. */
export const LONG = ['90000', '10000'] as const

/** One case with a guest of its own, in which both units run unless `before` says otherwise. */
export function guestHelperCase(
  suite: GuestHelperSuite,
  sentence: string,
  body: (guest: GuestHelperUnderTest) => Promise<void>,
  before: Partial<GuestBefore> = {},
): void {
  test(sentence, { timeout: 120_000 }, async () => {
    const guest = await suite.open({ serverRuns: true, webRuns: true, ...before })
    try {
      await body(guest)
    } finally {
      await guest.close()
    }
  })
}

/** The answer, which fits its schema and is about the hold that was asked about; also a release that could not start all. */
export async function ask<V extends Verb>(
  guest: GuestHelperUnderTest,
  verb: V,
  ...words: readonly string[]
): Promise<Answers[V]> {
  const answer = readAnswer(verb, holdOf(verb, words), await guest.run(verb, words))
  if (answer instanceof Refusal) throw new Error(`${verb} is refused: ${answer.code}: ${answer.message}`)
  return answer
}

/** The code with which the helper refuses. */
export async function refusalOf(guest: GuestHelperUnderTest, verb: Verb, ...words: readonly string[]): Promise<string> {
  const answer = readAnswer(verb, holdOf(verb, words), await guest.run(verb, words))
  if (answer instanceof Refusal) return answer.code
  throw new Error(`${verb} is not refused: ${JSON.stringify(answer)}`)
}

export function holdOf(verb: Verb, words: readonly string[]): string {
  const id = words[verb === 'release' || verb === 'fence' ? 0 : 1] ?? ''
  return id === '-' ? '' : id
}

export function hold(
  guest: GuestHelperUnderTest,
  id: string,
  times: readonly [string, string] = LONG,
): Promise<Answers['hold']> {
  return ask(guest, 'hold', 'mysql', id, ...times)
}

/** The code with which a hold is refused. */
export function holdRefusal(
  guest: GuestHelperUnderTest,
  id: string,
  times: readonly [string, string] = LONG,
): Promise<string> {
  return refusalOf(guest, 'hold', 'mysql', id, ...times)
}

/** The fence of a release of a hold that is known. */
export async function fenceOf(guest: GuestHelperUnderTest, id: string): Promise<FenceFacts> {
  const { fence } = await ask(guest, 'release', id)
  if (fence === null) throw new Error('a release of a known hold has no fence')
  return fence
}

/** As `status` lists it; undefined when it does not. */
export async function stateOf(guest: GuestHelperUnderTest, id: string): Promise<string | undefined> {
  const { holds } = await ask(guest, 'status')
  return holds.find((known) => known.id === id)?.state
}

/** ActiveState of every unit, by its name. */
export async function unitsOf(guest: GuestHelperUnderTest): Promise<Readonly<Record<string, string>>> {
  const { components } = await ask(guest, 'come-back', 'mysql', '-')
  return Object.fromEntries(components.map(({ unit, activeState }) => [unit, activeState]))
}

/** Lets time pass until it is so; rejects after half a minute of the guest's time, which looking itself may lengthen. */
export async function eventually(guest: GuestHelperUnderTest, isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 120; tries += 1) {
    if (await isSo()) return
    await guest.pass(250)
  }
  throw new Error(`it did not become so: ${isSo}`)
}
