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

/** Of the newest backup with files, over what is there. */
export const restoreOverProcedure: Procedure = {
  name: 'restore-over',
  run: ({ ports, settings, signal }) =>
    restoreBackup(ports, settings, { parts: ['files'], users: false, over: true, safety: true, dryRun: false, signal }),
}

const filesBackupProcedure: Procedure = {
  name: 'backup',
  run: ({ ports, settings, signal }) => takeBackup(ports, settings, { parts: ['files'], signal }),
}

/** Somebody puts up other files, unless they are being written. */
const changeFiles: Deed = async ({ guest: { machine, helper }, timeline }) => {
  const { files, over } = machine.disk
  if (!machine.isUp || Object.keys(over).length > 0 || helper.blocked) return
  machine.sync({ files: [`${files[0]}x`, `${files[0]}x`] })
  timeline.say('somebody', () => `puts up files: ${files[0]}x`)
}

/** With a backup of files that is taken first. */
export const restoreSomeFiles: Deed = async (world, host) => {
  await act(world, host, filesBackupProcedure)
  await changeFiles(world, host)
  return act(world, host, restoreOverProcedure)
}

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
