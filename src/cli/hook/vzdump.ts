import type { RestorePoint } from '../../catalog/catalog.ts'
import { StillshotError, toStillshotError } from '../../errors.ts'
import type { App, OpenVm, Session } from '../app.ts'
import { printable } from '../format.ts'
import { gradeStatus } from '../grade-status.ts'
import type { CommandResult } from '../result.ts'
import { vmByVmid } from './hypervisor-vms.ts'
import { archiveName } from './job-lines.ts'
import { followJob, readTold } from './job-session.ts'
import { LineReader } from './line-reader.ts'
import { concerns, type HookCall } from './words.ts'

const NOTHING: CommandResult = { document: {}, text: '' }

/**
 * One phase of a backup, told by the host's script, which reads the first word of each line that is printed: `not-ours`,
 * `held RUN`, `released RUN OUTAGE`, `failed CODE MESSAGE`, `finished RUN GRADE`, `dropped RUN`, `kept RUN`. A failure is a line, too.
 */
export async function vzdumpPhase(
  app: App,
  session: Session,
  hypervisor: string,
  call: HookCall,
): Promise<CommandResult> {
  if (!concerns(call)) return NOTHING
  try {
    const found = await vmByVmid(session, hypervisor, call.vmid, app.signal)
    if (found === undefined) return said('not-ours')
    const open = await session.openVm(...found)
    switch (call.phase) {
      case 'backup-start':
        return await backupStart(app, open, call)
      case 'backup-end':
        return await backupEnd(app, open, call)
      default:
        return await backupAbort(app, open, call)
    }
  } catch (thrown) {
    const error = toStillshotError(thrown)
    return { ...said(failedLine(error)), exitStatus: error.exitStatus }
  } finally {
    app.input.close()
  }
}

async function backupStart(app: App, { ports, settings }: OpenVm, { mode }: HookCall): Promise<CommandResult> {
  // A guest that vzdump shuts down comes to rest by itself.
  if (mode === 'stop') return NOTHING
  if (mode !== 'snapshot') {
    throw new StillshotError('not-supported', `a backup in mode ${mode} has no moment to hold ${settings.name} for`, {
      hint: 'set the job to mode `snapshot`, or to `stop`, which needs no hold',
    })
  }
  const line = { reader: new LineReader(app.input), clock: app.system.clock }
  const told = await readTold(line, 'hold', app.signal)
  const { job, signal } = followJob(line, told, { signal: app.signal, print: (text) => app.terminal.out(text) })
  try {
    return released(await app.procedures.holdForBackup(ports, settings, { job, signal }))
  } catch (thrown) {
    const error = toStillshotError(thrown)
    const { point } = error.details
    if (error.code !== 'come-back-failed' || point === undefined) throw error
    const { text } = released(point as RestorePoint)
    return { document: {}, text: `${text}${failedLine(error)}\n`, exitStatus: error.exitStatus }
  }
}

async function backupEnd(app: App, { ports, settings }: OpenVm, { run }: HookCall): Promise<CommandResult> {
  const line = { reader: new LineReader(app.input), clock: app.system.clock }
  const told = await readTold(line, 'end', app.signal)
  const archive = archiveName(told)
  const point =
    run === undefined
      ? await app.procedures.recordUnheldBackup(ports, settings, {
          facts: told,
          archive: archive ?? 'unknown',
          signal: app.signal,
        })
      : await app.procedures.finishBackup(ports, settings, run, {
          ...(archive === undefined ? {} : { archive }),
          times: told.times,
        })
  const why = point.reasons.map(({ code, message }) => `because ${oneLine(`${message} (${code})`)}\n`).join('')
  const text = `finished ${point.id} ${point.grade}\n${why}`
  return { document: {}, text, exitStatus: gradeStatus([point]) }
}

async function backupAbort(app: App, { ports, settings }: OpenVm, { run }: HookCall): Promise<CommandResult> {
  if (run === undefined) return NOTHING
  return said(`${await app.procedures.dropBackup(ports, settings, run)} ${run}`)
}

function released({ id, outage }: RestorePoint): CommandResult {
  return said(`released ${id} ${outage?.totalMs ?? 0}`)
}

function failedLine({ code, message }: StillshotError): string {
  return `failed ${code} ${oneLine(message)}`
}

function said(line: string): CommandResult {
  return { document: {}, text: `${line}\n` }
}

/** The words of guests and hypervisors, in one short line of the backup's log. */
function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, ' ')).slice(0, 400)
}
