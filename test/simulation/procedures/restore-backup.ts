import { restoreBackup } from '../../../src/coordinator/restore-backup.ts'
import { takeBackup } from '../../../src/coordinator/take-backup.ts'
import { act, type Procedure } from '../actor.ts'
import type { Host } from '../host.ts'
import type { Deed } from '../plan.ts'

export const backupProcedure: Procedure = {
  name: 'backup',
  run: ({ ports, settings, signal }) => takeBackup(ports, settings, { parts: ['databases'], signal }),
}

/** Of the newest backup that a restore takes by itself; `safety`: what is there is dumped before. */
export const restoreBackupProcedure = (safety: boolean): Procedure => ({
  name: 'restore-backup',
  run: ({ ports, settings, signal }) =>
    restoreBackup(ports, settings, { parts: ['databases'], users: false, safety, dryRun: false, signal }),
})

/** Somebody uses the application. */
export const changeRows: Deed = async ({ guest: { machine, server, helper }, timeline }) => {
  const { rows, half } = machine.disk
  if (!machine.isUp || !server.running || half !== null || helper.blocked) return
  machine.sync({ rows: `${rows}x` })
  timeline.say('somebody', () => `writes: ${rows}x`)
}

export const knowsBackup = ({ catalog }: Host) =>
  [...catalog.points.values()].some(({ kind, grade }) => kind === 'dump' && grade !== 'suspect')

/** With the backup that there is, or one that is taken first, where it is known; somebody has used the application since. */
export const restoreSomeBackup: Deed = async (world, host) => {
  const chosen = world.hosts.find(knowsBackup) ?? host
  if (!knowsBackup(chosen)) await act(world, chosen, backupProcedure)
  await changeRows(world, chosen)
  return act(world, chosen, restoreBackupProcedure(world.chance.happens(0.8)))
}
