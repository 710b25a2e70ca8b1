import { type RunRecord, vmKey } from '../catalog/catalog.ts'
import { StillshotError, toStillshotError } from '../errors.ts'
import { GuestHelper } from '../guest/guest-helper.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { FailedUndo } from '../saga/carry-out-undos.ts'
import { Journal } from '../saga/journal.ts'
import type { JournalEvent } from '../saga/journal-event.ts'
import { Saga } from '../saga/saga.ts'
import { formatInstant } from '../system/instant.ts'
import { ulid } from '../system/ulid.ts'
import { journalPath } from './journals.ts'
import { lockInTurn, type Patience } from './lock-in-turn.ts'
import type { Ports, VmSettings } from './ports.ts'
import { undoActions } from './undo-actions.ts'

/** One execution of a procedure on one VM: its id, its way back and its connection to the guest. */
export interface Run {
  readonly id: string
  readonly saga: Saga
  readonly helper: GuestHelper
  readonly record: RunRecord
}

/** Opens the journal of a new run. Nothing has been touched when this rejects. */
export async function beginRun(ports: Ports, settings: VmSettings, procedure: string): Promise<Run> {
  const { system, stateDirectory, log } = ports
  const id = ulid(system.clock, system.randomness)
  const helper = openHelper(ports, settings)
  const at = formatInstant(system.clock.now())
  const journal = await Journal.create(system.files, journalPath(stateDirectory, id))
  const owner = await system.processes.self()
  const begun: JournalEvent = { event: 'run-begun', version: 1, run: id, at, procedure, vm: settings.name, owner }
  await journal.write([begun], { durable: true })
  const actions = undoActions({ ports, settings, helper })
  const saga = new Saga({ clock: system.clock, log, journal, actions }, [begun])
  return { id, saga, helper, record: { id, procedure, vm: settings.name, startedAt: at } }
}

/** The helper of the VM's guest, not yet connected. */
export function openHelper(ports: Pick<Ports, 'shells' | 'system'>, settings: VmSettings): GuestHelper {
  const { databasePassword } = settings
  return new GuestHelper({
    shells: ports.shells,
    target: settings.guest,
    clock: ports.system.clock,
    ...(databasePassword === undefined ? {} : { databasePassword }),
  })
}

/**
 * Takes the VM's lock in the catalog for this run; it is given back by undo, or by {@link endRun}. Rejects with `run-under-way` where
 * another run has it, after the patience that was given.
 */
export async function lockVm(ports: Ports, run: Run, vm: Vm, ttlMs: number, patience?: Patience): Promise<void> {
  const key = vmKey(vm)
  const undo = {
    action: 'unlock-vm',
    args: { vmKey: key, hold: run.id },
    urgent: false,
    onlyAfterAll: true,
    timeoutMs: 30_000,
  }
  await run.saga.step({ step: 'lock', undo }, async () => {
    const owner = await ports.system.processes.self()
    const takenAt = formatInstant(ports.system.clock.now())
    const { procedure } = run.record
    const lock = { vmKey: key, holdId: run.id, run: run.id, procedure, owner, takenAt, ttlMs }
    await (patience === undefined ? ports.catalog.lockVm(lock) : lockInTurn(ports, lock, patience))
  })
}

/** Gives the VM's lock back; the run may go on with what is not the VM's. */
export async function unlockVm(ports: Ports, run: Run, vm: Vm): Promise<void> {
  await run.saga.step({ step: 'unlock' }, () => ports.catalog.unlockVm(vmKey(vm), run.id), { settles: ['lock'] })
}

/** The good end: lock given back, run recorded, connection closed. */
export async function endRun(ports: Ports, run: Run, vm: Vm, facts: Partial<RunRecord> = {}): Promise<void> {
  await unlockVm(ports, run, vm)
  await finishRun(ports, run, facts)
}

/** The good end of a run that has no lock of its own. */
export async function finishRun(ports: Ports, run: Run, facts: Partial<RunRecord> = {}): Promise<void> {
  await run.saga.end('done')
  await record(ports, run, { outcome: 'done', ...facts })
  await run.helper.close()
}

/** The run ends while its hold goes on; lock and hold are ended by the release. No word to the catalog meanwhile. */
export async function suspendRun(run: Run): Promise<void> {
  await run.saga.end('held')
  await run.helper.close()
}

/**
 * The bad end: everything that was begun is taken back, the database first. Returns the error to throw: the one that
 * stopped the run, or `undo-failed` when something is still open.
 */
export async function failRun(ports: Ports, run: Run, thrown: unknown): Promise<StillshotError> {
  const error = toStillshotError(thrown)
  const { failures, notes } = await run.saga.undo()
  const told = failures.length > 0 ? undoFailed(run.id, error, failures) : withRun(error, run.id, notes)
  const outcome = failures.length > 0 ? 'undo-failed' : 'failed'
  await record(ports, run, { outcome, error: { code: told.code, message: told.message } })
  await run.helper.close()
  return told
}

async function record(ports: Ports, run: Run, facts: Partial<RunRecord>): Promise<void> {
  const endedAt = formatInstant(ports.system.clock.now())
  try {
    await ports.catalog.saveRun({ ...run.record, endedAt, ...facts })
  } catch (thrown) {
    // The journal is the truth of a run; the catalog is its index and can be made again.
    ports.log.error('the run could not be written to the catalog', {
      run: run.id,
      message: toStillshotError(thrown).message,
    })
  }
}

function undoFailed(run: string, error: StillshotError, failures: readonly FailedUndo[]): StillshotError {
  const open = failures.map(failureText).join('; ')
  // Worse than what is open anywhere else, and it has a way out of its own.
  const half = failures.find(({ code }) => code === 'half-restored')
  return new StillshotError(
    half === undefined ? 'undo-failed' : 'half-restored',
    `${error.message}; and could not be taken back: ${open}`,
    {
      cause: error,
      details: { run, open: failures, first: { code: error.code, message: error.message } },
      ...(half?.hint === undefined ? {} : { hint: half.hint }),
    },
  )
}

/** What could not be taken back, with the command that a person can type. */
export function failureText({ action, message, byHand, hint }: FailedUndo): string {
  const ways = [...(hint === undefined ? [] : [hint]), ...(byHand === undefined ? [] : [`by hand: ${byHand}`])]
  return `${action} (${[message, ...ways].join('; ')})`
}

function withRun(error: StillshotError, run: string, notes: readonly string[]): StillshotError {
  const { code, cause, hint, details } = error
  const message = [error.message, ...notes].join('; ')
  const copy = new StillshotError(code, message, { cause, hint, details: { ...details, run } })
  if (error.stack !== undefined) copy.stack = error.stack
  return copy
}
