import { performance } from 'node:perf_hooks'
import { labPaths } from '../labs/paths.ts'
import type { Cell, CellResult, Versions } from './cell.ts'
import { judge } from './judge.ts'
import { play } from './play.ts'
import type { Scene } from './scene.ts'
import { toldText } from './told.ts'

/** Plays one cell and judges it. A cell that could not be played to its end is broken, and says why. */
export async function runCell(scene: Scene, cell: Cell, versions: Versions): Promise<CellResult> {
  const begun = performance.now()
  const at = new Date().toISOString()
  const facts = () => ({ cell: cell.name, at, versions, tookMs: Math.round(performance.now() - begun) })
  // Results are read elsewhere: a place on this machine tells nobody anything.
  const placeless = (text: string) => text.replaceAll(labPaths().folder, '.lab')
  try {
    const played = await play(scene, cell)
    const judgement = await judge(scene, cell, played)
    const message = scene.told.find(({ code }) => code !== undefined)?.message
    return {
      ...facts(),
      told: scene.told.map((told) => `${told.command}: ${toldText(told)}`),
      ...(message === undefined ? {} : { message: placeless(message).slice(0, 300) }),
      ...(played.reached ? {} : { notRun: placeless(`the boundary was not reached: ${message ?? 'no error'}`) }),
      ...judgement,
      broken: judgement.broken.map(placeless),
    }
  } catch (thrown) {
    await cell.fault.lift?.(scene).catch(() => {})
    await scene.begun?.kill('SIGKILL')
    await cell.procedure.goOn?.(scene).catch(() => {})
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    const told = scene.told.map((each) => `${each.command}: ${toldText(each)}`)
    return {
      ...facts(),
      told,
      outageMs: 0,
      longestMs: 0,
      grades: [],
      broken: [placeless(`not played to its end: ${why.slice(0, 900)}`)],
    }
  }
}

/** Takes the cell's snapshots away; false when the guest is not fit for another cell. */
export async function tidy(scene: Scene, cell: Cell, result: CellResult): Promise<boolean> {
  // A guest that was rolled back, met a broken promise or let a command fail too early is not used again.
  if (
    result.broken.length > 0 ||
    result.notRun !== undefined ||
    ['restore', 'undo-restore', 'restore-backup'].includes(cell.procedure.name)
  )
    return false
  try {
    return await scene.ground.clean()
  } catch {
    return false
  }
}
