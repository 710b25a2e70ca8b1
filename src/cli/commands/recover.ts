import type { Command } from 'commander'
import { ERRORS } from '../../errors.ts'
import type { App, Session } from '../app.ts'
import { line } from '../format.ts'
import type { Act, CommandResult } from '../result.ts'
import { openVm } from '../vms.ts'

export function recoverCommand(program: Command, act: Act): void {
  program
    .command('recover')
    .description('settle what a crash left: start databases, remove half snapshots, free locks')
    .action(() => act('recover', (session, app) => recover(app, session)))
}

async function recover({ procedures, signal }: App, session: Session): Promise<CommandResult> {
  const ports = await session.recoverPorts()
  const report = await procedures.recoverRuns((vm) => openVm(session, vm), ports, { signal })
  const lines = report.settled.map(({ run, vm, outcome, open, notes = [] }) => {
    const rest = [...open.map((act) => line`  still open: ${act}\n`), ...notes.map((note) => line`  ${note}\n`)]
    return [line`${vm}: run ${run}: ${outcome}\n`, ...rest].join('')
  })
  lines.push(
    ...report.holds.map(({ hold, vm, outcome, message }) => line`${vm}: hold ${hold}: ${outcome}, ${message}\n`),
    ...report.locks.map(({ run, outcome, message }) => line`lock of run ${run}: ${outcome}, ${message}\n`),
    ...report.snapshots.map(({ vm, snapshot, outcome, message }) => line`${vm}: ${snapshot}: ${outcome}, ${message}\n`),
  )
  const open =
    report.settled.some((settled) => settled.open.length > 0) ||
    [...report.holds, ...report.snapshots].some(({ outcome }) => outcome === 'failed')
  return {
    document: { ...report },
    text: lines.length === 0 ? 'nothing to settle\n' : lines.join(''),
    exitStatus: open ? ERRORS['undo-failed'].exit : 0,
  }
}
