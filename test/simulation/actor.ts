import type { Ports, VmSettings } from '../../src/coordinator/ports.ts'
import { ERRORS, StillshotError } from '../../src/errors.ts'
import type { Host } from './host.ts'
import type { SimulatedProcess } from './process.ts'
import type { World } from './world.ts'

/** One process of stillshot at work: what a procedure of the coordinator is called with. */
export interface Actor {
  readonly world: World
  readonly ports: Ports
  readonly settings: VmSettings
  /** Aborts at SIGTERM. */
  readonly signal: AbortSignal
}

/** What somebody at the command line asks of stillshot; one file each in procedures/. */
export interface Procedure {
  readonly name: string
  run(actor: Actor): Promise<unknown>
}

export type Told =
  | { readonly how: 'done'; readonly result: unknown }
  | { readonly how: 'failed'; readonly error: StillshotError }
  | { readonly how: 'died' }

/** Longest that anything may take, in the world's milliseconds: beyond it, it hangs. */
const PATIENCE_MS = 3 * 3_600_000

/**
 * Carries out the procedure in a process of its own, until it ends or dies. Throws when what it told is not what a user
 * may be told: an error that is no StillshotError or a defect, or nothing at all for hours.
 */
export async function act(world: World, host: Host, procedure: Procedure): Promise<Told> {
  const process = host.begin(world.onEvent)
  const name = world.nameOf(process)
  world.timeline.say(name, () => `${procedure.name} begins`)
  const actor = {
    world,
    ports: world.portsOf(host, process),
    settings: world.settings,
    signal: process.termination.signal,
  }
  const told = await Promise.race([
    listen(procedure, actor),
    process.died.then((): Told => ({ how: 'died' })),
    world.clock.sleep(PATIENCE_MS).then(() => 'hangs' as const),
  ])
  process.exit()
  if (told === 'hangs') throw new Error(`${procedure.name} has told nothing for ${PATIENCE_MS} ms`)
  world.timeline.say(name, () => `${procedure.name} ${wordsOf(told)}`)
  world.onTold({ procedure: procedure.name, host, process, told })
  if (told.how === 'failed') checkError(procedure, told.error)
  return told
}

/** As {@link act}, for who wants what a process that neither fails nor dies answers. */
export async function succeed<T>(
  world: World,
  host: Host,
  name: string,
  run: (actor: Actor) => Promise<T>,
): Promise<T> {
  const told = await act(world, host, { name, run })
  if (told.how === 'done') return told.result as T
  throw new Error(`${name} ${wordsOf(told)}, with nothing in its way`)
}

/** A process that a signal ends while it runs. */
export function terminate(process: SimulatedProcess): void {
  process.termination.abort(new StillshotError('cancelled', 'terminated'))
}

async function listen(procedure: Procedure, actor: Actor): Promise<Told> {
  try {
    return { how: 'done', result: await procedure.run(actor) }
  } catch (thrown) {
    if (thrown instanceof StillshotError) return { how: 'failed', error: thrown }
    return {
      how: 'failed',
      error: new StillshotError('defect', `not an error of ours: ${String(thrown)}`, { cause: thrown }),
    }
  }
}

function checkError({ name }: Procedure, error: StillshotError): void {
  if (error.code !== 'defect' && error.code in ERRORS && error.message !== '') return
  throw new Error(`${name} told the user of a defect: ${error.stack ?? error.message} ${causeOf(error)}`)
}

function causeOf({ cause }: StillshotError): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : ''
}

function wordsOf(told: Told): string {
  return told.how === 'failed' ? `failed: ${told.error.code}: ${told.error.message}` : told.how
}
