import type { RestorePoint } from '../catalog/catalog.ts'
import { StillshotError, toStillshotError } from '../errors.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { Hypervisor, Vm } from '../hypervisor/hypervisor.ts'
import type { UndoActions } from '../saga/carry-out-undos.ts'
import { retry } from '../system/retry.ts'
import { clonesOf } from './clones-of.ts'
import { endBackupRemoval } from './end-backup-removal.ts'
import { endSafetyHold } from './end-safety-hold.ts'
import { putFilesBack } from './files-back.ts'
import { forgetSnapshot } from './forget-snapshot.ts'
import { labelPoint } from './label-point.ts'
import { loadBack } from './load-back.ts'
import { loadBackOf } from './load-back-undo.ts'
import { isWorthAnotherTry } from './passing.ts'
import type { Ports, VmSettings } from './ports.ts'
import { removePoint } from './remove-point.ts'
import { settleBackup } from './settle-backup.ts'
import { endCopyRemoval, settleCopy } from './settle-copy.ts'
import { wakeGuest } from './wake-guest.ts'

interface World {
  readonly ports: Ports
  readonly settings: VmSettings
  readonly helper: GuestHelper
}

/**
 * Every way back that a run can record, by name; the same table serves a failed step and `recover` after a crash. Each
 * is idempotent and ends with its signal. The arguments are what the intent recorded.
 */
export function undoActions({ ports, settings, helper }: World): UndoActions {
  const { hypervisor, catalog } = ports
  const { clock } = ports.system
  const again = <T>(signal: AbortSignal, pauseMs: number, work: () => Promise<T>, when = isWorthAnotherTry) =>
    retry(work, { clock, signal, pauseMs, limitMs: Number.POSITIVE_INFINITY, when })
  const findVm = (signal: AbortSignal) => again(signal, 2_000, () => hypervisor.findVm(settings.reference, { signal }))

  return {
    'unlock-vm': async ({ vmKey, hold }) => {
      await catalog.unlockVm(need(vmKey), need(hold))
      return undefined
    },

    undrain: async ({ profile, hold }, signal) => {
      // Until the guest says that they are as before: a server that just starts cannot be asked yet.
      const when = (thrown: unknown) => isWorthAnotherTry(thrown) || isUndrainFailure(thrown)
      await again(signal, 1_000, () => helper.undrain(need(profile), need(hold), { signal }), when)
      return undefined
    },

    // Reconnects until the time limit, which is the hold's time to live: after that the watchdog has done it.
    'release-hold': async ({ hold, machine }, signal) => {
      const call = { signal, timeoutMs: RELEASE_LIMIT_MS, ...(machine === undefined ? {} : { machine }) }
      // Less and less often: the hold of a restore may live for minutes.
      const limits = { clock, signal, pauseMs: 1_000, longestPauseMs: 5_000, limitMs: Number.POSITIVE_INFINITY }
      const answer = await retry(() => helper.release(need(hold), call), { ...limits, when: isWorthAnotherTry })
      if (answer.ok) return undefined
      throw new StillshotError('come-back-failed', answer.error?.message ?? 'not everything that ran is active again')
    },

    'release-safety-hold': ({ hold, machine, snapshot, token }, signal) => {
      const request = { snapshotName: need(snapshot), token: need(token) }
      const safetyHold = { hold: need(hold), machine: need(machine), request }
      return endSafetyHold(ports, settings, helper, safetyHold, signal)
    },

    // What the hypervisor froze for a snapshot stays so when its own task dies; where nothing is frozen nothing is thawed.
    'thaw-guest': async (_, signal) => {
      const { guestAgent } = hypervisor
      if (guestAgent === undefined) return undefined
      let looks = 0
      await again(signal, 2_000, async () => {
        const vm = await findVm(signal)
        looks += 1
        if (vm.power === 'paused') throw pausedVm(vm, looks)
        if (vm.power === 'running') await guestAgent.thaw(vm, { signal, timeoutMs: THAW_LIMIT_MS })
      })
      return undefined
    },

    'remove-snapshot': async ({ snapshot }, signal) => {
      const name = need(snapshot)
      // Lines of the journal were lost with the power of the host, after what they said was done.
      const point = (await catalog.points({ vm: settings.name }).catch(() => [])).find((one) => one.snapshot === name)
      if (point !== undefined) return `the snapshot ${name} is kept: it is restore point ${point.id}`
      const vm = await findVm(signal)
      // A create whose answer was lost may still be under way: one look that does not find it is not enough.
      for (let looks = 0; looks < 2; looks += 1) {
        if (looks > 0) await clock.sleep(LOOK_AGAIN_MS, signal)
        await again(signal, 2_000, () => removeIfThere(hypervisor, vm, name, signal))
      }
      return undefined
    },

    'remove-clone': async ({ clone }, signal) => {
      const name = need(clone)
      const vm = await again(signal, 2_000, () => findVm(signal))
      // As for a snapshot: one that is made late is not there yet.
      for (let looks = 0; looks < 2; looks += 1) {
        if (looks > 0) await clock.sleep(LOOK_AGAIN_MS, signal)
        await again(signal, 2_000, () => clonesOf(hypervisor).remove(vm, name, { signal }))
      }
      return undefined
    },

    'settle-copy': async ({ clone }, signal) => {
      const vm = await findVm(signal)
      return settleCopy({ hypervisor, again, pause: () => clock.sleep(LOOK_AGAIN_MS, signal) }, vm, need(clone), signal)
    },

    'end-copy-removal': (args, signal) => endCopyRemoval({ hypervisor, again }, args, signal),

    'label-snapshot': async ({ point }, signal) => {
      const restorePoint = JSON.parse(need(point)) as RestorePoint
      const { id, snapshot, grade } = restorePoint
      const vm = await findVm(signal)
      const listed = await again(signal, 2_000, () => hypervisor.listSnapshots(vm, { signal }))
      // An undo that could not write down that it had begun to take it back: half of it is no restore point.
      if (listed.some(({ name, complete }) => name === snapshot && !complete)) {
        await again(signal, 2_000, () => removeIfThere(hypervisor, vm, snapshot, signal))
        await catalog.removePoint(id)
        return `the snapshot of restore point ${id} was half removed, and is removed`
      }
      try {
        await again(signal, 2_000, () => labelPoint(ports, vm, restorePoint, signal))
      } catch (thrown) {
        if (toStillshotError(thrown).code !== 'snapshot-not-found') throw thrown
        await catalog.removePoint(id)
        return `somebody removed the snapshot of restore point ${id}`
      }
      return `the restore point ${id} is kept, graded ${grade}`
    },

    // A removal that had begun is finished. One that had not is not begun: what was decided then may be wrong by now.
    'end-removal': async ({ point, snapshot }, signal) => {
      const id = need(point)
      const vm = await findVm(signal)
      const isWhole = async () =>
        (await hypervisor.listSnapshots(vm, { signal })).some((one) => one.name === need(snapshot) && one.complete)
      if (await again(signal, 2_000, isWhole)) {
        await clock.sleep(LOOK_AGAIN_MS, signal)
        if (await again(signal, 2_000, isWhole)) return `the restore point ${id} is kept: its removal had not begun`
      }
      const limits = { signal, tryForMs: END_REMOVAL_MS, timeoutMs: END_REMOVAL_MS }
      const end = () => removePoint(ports, vm, { id, vm: settings.name }, limits)
      const { outcome, why } = await again(signal, 2_000, end)
      return `the restore point ${id} is ${outcome}${why === undefined ? '' : `: ${why.message}`}`
    },

    // The same, of a snapshot that was in the way of a restore, whoever made it.
    'end-newer-removal': async ({ snapshot }, signal) => {
      const name = need(snapshot)
      const vm = await findVm(signal)
      const isWhole = async () =>
        (await hypervisor.listSnapshots(vm, { signal })).some((one) => one.name === name && one.complete)
      if (await again(signal, 2_000, isWhole)) {
        await clock.sleep(LOOK_AGAIN_MS, signal)
        if (await again(signal, 2_000, isWhole)) return `the snapshot ${name} is kept: its removal had not begun`
      }
      await again(signal, 2_000, () => removeIfThere(hypervisor, vm, name, signal))
      await forgetSnapshot(catalog, settings.name, name)
      return `the snapshot ${name} is removed`
    },

    'end-backup-removal': ({ repository, vm, id }, signal) =>
      endBackupRemoval(ports, { repository: need(repository), vm: need(vm), id: need(id) }, signal),

    'settle-backup': ({ repository, vm, id }, signal) =>
      settleBackup(ports, { repository: need(repository), vm: need(vm), id: need(id) }, signal),

    'load-back': (args, signal) => loadBack(ports, settings, helper, loadBackOf(args), signal),

    'files-back': (args, signal) => putFilesBack(helper, clock, args, signal),

    'settle-roll-back': async ({ snapshot, token, wasRunning, memory }, signal) => {
      const vm = await findVm(signal)
      const request = { snapshotName: need(snapshot), token: need(token) }
      const state = await again(signal, 2_000, () => hypervisor.settleRollBack(vm, request, { signal }))
      if (wasRunning === 'true') await again(signal, 2_000, () => hypervisor.powerOn(vm, { signal }))
      if (state !== 'rolled-back') return undefined
      const back = `the disks of ${vm.name} are at ${request.snapshotName}`
      if (memory !== 'true') return back
      const woken = await wakeGuest({ helper, machine: vm.uuid, clock }, signal)
      return `${back}, and it runs on from its memory: ${woken.map(({ message }) => message).join('; ')}`
    },
  }
}

/** A server that recovers may take long to start; asked again, the helper goes on with the same start. */
const RELEASE_LIMIT_MS = 600_000
/** The guest's hooks may start servers before the agent answers. */
const THAW_LIMIT_MS = 180_000
const PAUSED_LOOKS = 5
const LOOK_AGAIN_MS = 3_000
/** As long as the undo may take. */
const END_REMOVAL_MS = 600_000

/** What is paused is frozen still when it goes on. A snapshot may pause it for a moment, so a few looks are worth it. */
function pausedVm({ name }: Vm, looks: number): StillshotError {
  const message = `${name} is paused, so its agent cannot thaw it: let it go on, or turn it off`
  return new StillshotError(looks < PAUSED_LOOKS ? 'vm-locked' : 'hypervisor-refused', message)
}

async function removeIfThere(hypervisor: Hypervisor, vm: Vm, name: string, signal: AbortSignal): Promise<void> {
  const snapshots = await hypervisor.listSnapshots(vm, { signal })
  if (!snapshots.some((candidate) => candidate.name === name)) return
  await hypervisor.removeSnapshot(vm, name, { signal })
}

function isUndrainFailure(thrown: unknown): boolean {
  return toStillshotError(thrown).details.helperCode === 'undrain-failed'
}

function need(argument: string | undefined): string {
  if (argument === undefined) throw new StillshotError('journal-damaged', 'an undo lacks an argument in the journal')
  return argument
}
