import { performance } from 'node:perf_hooks'
import type { Cell, CellResult, Versions } from './cell.ts'
import { judge } from './judge.ts'
import { snapshotNames } from './leaks.ts'
import { play } from './play.ts'
import type { Scene } from './scene.ts'
import { toldText } from './told.ts'

/** Plays one cell and judges it. A cell that could not be played to its end is broken, and says why. */
export async function runCell(scene: Scene, cell: Cell, versions: Versions): Promise<CellResult> {
  const begun = performance.now()
  const at = new Date().toISOString()
  const facts = () => ({ cell: cell.name, at, versions, tookMs: Math.round(performance.now() - begun) })
  // Results are read elsewhere: a place on this machine tells nobody anything.
  const placeless = (text: string) => text.replaceAll(scene.lab.folder, '.lab')
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
    scene.child?.kill('SIGKILL')
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
    ['restore', 'undo-restore'].includes(cell.procedure.name)
  )
    return false
  try {
    await scene.hypervisor(async (hypervisor) => {
      const vm = await hypervisor.findVm(scene.guest.domain)
      for (const copy of await hypervisor.clones.listKept()) {
        if (copy.source === vm.nativeId) await hypervisor.clones.removeKept(copy)
      }
      for (const name of (await snapshotNames(scene)).toReversed()) await hypervisor.removeSnapshot(vm, name)
    })
    const chain = await scene.lab.virsh(['domblklist', scene.guest.domain])
    return !chain.includes('stillshot-0')
  } catch {
    return false
  }
}
