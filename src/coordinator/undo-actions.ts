import type { RestorePoint } from '../catalog/catalog.ts'
import { StillshotError, toStillshotError } from '../errors.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { UndoActions } from '../saga/carry-out-undos.ts'
import { retry } from '../system/retry.ts'
import { labelPoint } from './label-point.ts'
import type { Ports, VmSettings } from './ports.ts'

interface World {
  readonly ports: Ports
  readonly settings: VmSettings
  readonly helper: GuestHelper
}

const FOR_EVER = Number.POSITIVE_INFINITY

/**
 * Every way back that a run can record, by name; the same table serves a failed step and `recover` after a crash. Each
 * is idempotent and ends with its signal. The arguments are what the intent recorded.
 */
export function undoActions({ ports, settings, helper }: World): UndoActions {
  const { hypervisor, catalog } = ports
  const { clock } = ports.system
  const findVm = (signal: AbortSignal) => hypervisor.findVm(settings.reference, { signal })

  return {
    'unlock-vm': async ({ vmKey, hold }) => {
      await catalog.unlockVm(need(vmKey), need(hold))
    },

    undrain: async ({ profile, hold }, signal) => {
      await helper.undrain(need(profile), need(hold), { signal })
    },

    // Reconnects until the time limit, which is the hold's time to live: after that the watchdog has done it.
    'release-hold': async ({ hold }, signal) => {
      await retry(() => helper.release(need(hold), { signal, timeoutMs: 120_000 }), {
        clock,
        signal,
        pauseMs: 1_000,
        limitMs: FOR_EVER,
        when: isWorthAnotherTry,
      })
    },

    // A create whose answer was lost may still be under way: it is looked for until it is gone or complete.
    'remove-snapshot': async ({ snapshot }, signal) => {
      const name = need(snapshot)
      const vm = await findVm(signal)
      const gone = async () => {
        const found = (await hypervisor.listSnapshots(vm, { signal })).find((candidate) => candidate.name === name)
        if (found === undefined) return
        if (!found.complete) throw new StillshotError('vm-locked', `the snapshot ${name} is still being made`)
        await hypervisor.removeSnapshot(vm, name, { signal })
      }
      await named(retry(gone, { clock, signal, pauseMs: 2_000, limitMs: FOR_EVER, when: isWorthAnotherTry }), () =>
        hypervisor.byHand(vm, 'remove-snapshot', name),
      )
    },

    'label-snapshot': async ({ point }, signal) => {
      const restorePoint = JSON.parse(need(point)) as RestorePoint
      await labelPoint(ports, await findVm(signal), restorePoint, signal)
    },

    'settle-roll-back': async ({ snapshot, token, wasRunning }, signal) => {
      const vm = await findVm(signal)
      await hypervisor.settleRollBack(vm, { snapshotName: need(snapshot), token: need(token) }, { signal })
      if (wasRunning === 'true') await hypervisor.powerOn(vm, { signal })
    },
  }
}

function isWorthAnotherTry(thrown: unknown): boolean {
  const { code } = toStillshotError(thrown)
  return ['guest-unreachable', 'guest-locked', 'hypervisor-unreachable', 'answer-lost', 'vm-locked'].includes(code)
}

/** What cannot be removed from here is named with the command that a person can type. */
async function named(work: Promise<void>, byHand: () => string): Promise<void> {
  try {
    await work
  } catch (thrown) {
    const { code, message, details } = toStillshotError(thrown)
    throw new StillshotError(code, message, { cause: thrown, details, hint: `by hand: ${byHand()}` })
  }
}

function need(argument: string | undefined): string {
  if (argument === undefined) throw new StillshotError('journal-damaged', 'an undo lacks an argument in the journal')
  return argument
}
