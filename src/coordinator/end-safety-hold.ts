import { StillshotError } from '../errors.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { PowerState, RollBackRequest, Vm } from '../hypervisor/hypervisor.ts'
import { isWorthAnotherTry } from './passing.ts'
import type { Ports, VmSettings } from './ports.ts'

const RELEASE_LIMIT_MS = 600_000
const LOOK_LIMIT_MS = 20_000
const PAUSE_MS = 1_000
/** A snapshot may pause a VM for a moment; one that stays so is resumed, since it ran when it was held. */
const PAUSED_LOOKS = 3

export interface SafetyHold {
  readonly hold: string
  readonly machine: string
  readonly request: RollBackRequest
}

/**
 * Starts again what a restore had stopped for its safety snapshot. The hold is over without that where the machine is off, because it is
 * in its memory, and where the disks were put back, because another machine is on them: nobody waits for an answer of either. A machine that was left
 * paused goes on, or it could not answer. Idempotent; ends with its signal.
 */
export async function endSafetyHold(
  ports: Ports,
  { reference }: VmSettings,
  helper: GuestHelper,
  { hold, machine, request }: SafetyHold,
  signal: AbortSignal,
): Promise<undefined> {
  const { hypervisor } = ports
  const { clock } = ports.system
  const look = { signal, timeoutMs: LOOK_LIMIT_MS }
  const release = async () => {
    const { ok, error } = await helper.release(hold, { signal, machine, timeoutMs: RELEASE_LIMIT_MS })
    if (!ok) throw new StillshotError('come-back-failed', error?.message ?? 'not everything that ran is active again')
  }
  for (let paused = 0; ; await clock.sleep(PAUSE_MS, signal)) {
    // The guest is asked also while nobody knows anything of the machine: its database comes first.
    const vm = await hypervisor.findVm(reference, look).catch(() => signal.throwIfAborted() as undefined)
    const power: PowerState = vm?.power ?? 'running'
    if (power === 'off') return undefined
    paused = power === 'paused' ? paused + 1 : 0
    try {
      if (power === 'running') return void (await release())
      if (vm !== undefined && paused >= PAUSED_LOOKS) await goOn(ports, vm, request, signal)
    } catch (thrown) {
      signal.throwIfAborted()
      if (!isWorthAnotherTry(thrown)) throw thrown
      if (vm !== undefined && (await isPutBack(ports, vm, request, signal))) return undefined
    }
  }
}

/** The roll back is looked at first: nobody may write on disks that it has begun to change. */
async function goOn({ hypervisor }: Ports, vm: Vm, request: RollBackRequest, signal: AbortSignal): Promise<void> {
  await hypervisor.settleRollBack(vm, request, { signal, timeoutMs: RELEASE_LIMIT_MS })
  await hypervisor.powerOn(vm, { signal, timeoutMs: RELEASE_LIMIT_MS })
}

async function isPutBack({ hypervisor }: Ports, vm: Vm, request: RollBackRequest, signal: AbortSignal) {
  try {
    return (await hypervisor.settleRollBack(vm, request, { signal, timeoutMs: RELEASE_LIMIT_MS })) === 'rolled-back'
  } catch {
    signal.throwIfAborted()
    return false
  }
}
