import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { waitFor } from '../labs/wait-for.ts'
import type { Begun } from './begun.ts'
import type { Cell } from './cell.ts'
import { type InGuest, isQuiet, lookInGuest } from './in-guest.ts'
import { ProcessWatch } from './leaks.ts'
import type { Scene } from './scene.ts'
import { type Told, toldBy } from './told.ts'
import { waitForBoundary } from './wait-for-boundary.ts'

/** Longest that a command may take; longer is a hang. */
const COMMAND_LIMIT_MS = 420_000
/** After the time to live: for a busy machine, and to tell a late server from one that never comes. */
const PATIENCE_MS = 60_000

/** What happened while a cell was played; judge.ts says what it means. */
export interface Played {
  readonly before: InGuest
  readonly begunMs: number
  readonly endedMs: number
  /** False when the command ended before the boundary. */
  readonly reached: boolean
  /** The command did not end by itself. */
  readonly hung: boolean
  readonly injectedMs?: number
  readonly liftedMs?: number
  /** The server was back, by itself, before anybody recovered its run; else what was seen instead. */
  readonly back: true | string
  readonly recovered: readonly Told[]
  readonly after: InGuest
  /** Promises of the procedure's own that are not kept. */
  readonly looked: readonly string[]
  readonly processes: ProcessWatch
}

/** Plays a cell: procedure begun, fault at the boundary, lifted, everything left to itself; then `recover`, twice. */
export async function play(scene: Scene, cell: Cell): Promise<Played> {
  const { procedure, boundary, fault } = cell
  await scene.freshen()
  const before = scene.lastLook ?? (await lookInGuest(scene))
  scene.lastLook = undefined
  await procedure.prepare?.(scene, boundary.name)
  await fault.prepare?.(scene, boundary.name)
  const layer = fault.layer ?? boundary.layer
  if (layer !== undefined) layUnder(scene, layer, `${fault.name}:${boundary.name}`)
  const command = await procedure.command(scene)
  const processes = new ProcessWatch(scene.canary)
  const begunMs = performance.now()
  const begun = procedure.begin === undefined ? beginCommand(scene, command) : await procedure.begin(scene)
  scene.begun = begun
  const reached = await waitForBoundary(scene, procedure, boundary, begun.ended)
  let injectedMs: number | undefined
  if (reached) {
    await fault.inject?.(scene, boundary.name)
    await writeFile(scene.triggerPath, '')
    injectedMs = performance.now()
  }
  const lift = once(async () => {
    await fault.lift?.(scene)
    if (fault.keepsBack) await procedure.goOn?.(scene)
    return performance.now()
  })
  if (!fault.keepsBack) await procedure.goOn?.(scene)
  const early = fault.liftAfterMs === undefined ? undefined : sleep(fault.liftAfterMs).then(lift)
  const hung = !(await endsWithin(begun.ended, COMMAND_LIMIT_MS))
  if (hung) begun.kill('SIGKILL')
  scene.told.unshift(await begun.ended)
  await early
  scene.cli.nodeArguments = []
  if (!fault.stays) await lift()
  if (!fault.unfinished) await procedure.finish?.(scene)
  if (fault.stays) await seenUp(scene, scene.ttlMs + PATIENCE_MS).catch(() => {})
  const liftedMs = fault.lift === undefined ? undefined : await lift()
  // A machine that a killed restore left off starts nothing: `recover` powers it on, and the time counts from that boot.
  const isLeftOff = scene.told[0]?.signal === 'SIGKILL' && (await scene.isOff())
  const isLeft = isLeftOff || procedure.leased === true
  const backByItself = isLeft ? undefined : await comesBack(scene)
  const left = (await procedure.look?.(scene, 'left')) ?? []
  const endedByItselfMs = performance.now()
  const recovered = [await scene.tell(['recover']), await scene.tell(['recover'])]
  const back = backByItself ?? (await comesBack(scene))
  const endedMs = isLeft ? performance.now() : endedByItselfMs
  processes.stop()
  scene.told.push(recovered[0]!)
  const after = await lookInGuest(scene)
  scene.lastLook = after
  const looked = [...left, ...((await procedure.look?.(scene, 'recovered')) ?? [])]
  return {
    ...{ before, begunMs, endedMs, reached, hung, back, recovered, after, looked, processes },
    ...(injectedMs === undefined ? {} : { injectedMs }),
    ...(liftedMs === undefined ? {} : { liftedMs }),
  }
}

function beginCommand(scene: Scene, command: readonly string[]): Begun {
  const child = scene.cli.spawn('--json', '--verbose', ...command)
  const ended = scene.cli.result(child).then((result) => toldBy(command, result))
  return { ended, kill: (signal) => void child.kill(signal) }
}

function layUnder(scene: Scene, layer: string, fault: string): void {
  scene.cli.nodeArguments = ['--import', join(import.meta.dirname, 'layers', layer)]
  scene.cli.environment = { ...scene.cli.environment, FAULT: fault, FAULT_TRIGGER: scene.triggerPath }
}

async function endsWithin(result: Promise<unknown>, ms: number): Promise<boolean> {
  const limit = new AbortController()
  const late = sleep(ms, false, { signal: limit.signal }).catch(() => false)
  const ended = await Promise.race([result.then(() => true), late])
  limit.abort()
  return ended
}

async function seenUp(scene: Scene, timeoutMs: number): Promise<void> {
  const up = async () => (scene.watch.isUp ? true : undefined)
  await waitFor(up, { what: 'the server to answer', timeoutMs, everyMs: 100 })
}

/** Waits until the server is back and stays: nothing of stillshot is at work in the guest. */
async function comesBack(scene: Scene): Promise<true | string> {
  let seen = 'the guest did not answer'
  const quiet = async () => {
    if (!scene.watch.isUp) return undefined
    try {
      const look = await lookInGuest(scene)
      seen = JSON.stringify(look)
      return isQuiet(look) && scene.watch.isUp ? (true as const) : undefined
    } catch (thrown) {
      seen = String(thrown)
      return undefined
    }
  }
  try {
    return await waitFor(quiet, { what: 'the server to be back', timeoutMs: scene.ttlMs + PATIENCE_MS, everyMs: 200 })
  } catch {
    return `${scene.watch.latest?.state}; ${seen}`
  }
}

/** The same promise again at the second call. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= work()
    return made
  }
}
