import type { RestorePoint } from '../catalog/catalog.ts'
import { toStillshotError } from '../errors.ts'
import type { Proof } from '../grade/proof.ts'
import type { ComeBackAnswer } from '../guest/protocol/answers.ts'
import { proveSameMachine } from '../guest/same-machine.ts'
import type { RollBackRequest, Vm } from '../hypervisor/hypervisor.ts'
import { retry } from '../system/retry.ts'
import { expectedMarker } from './expected-marker.ts'
import type { Ports, VmSettings } from './ports.ts'
import type { Run } from './run.ts'

const ROLL_BACK_LIMIT_MS = 600_000

/** Waits until the guest answers after its boot; rejects with the last failure when the limit is over. */
export async function awaitBoot(
  ports: Ports,
  run: Pick<Run, 'helper'>,
  { profile }: VmSettings,
  { signal, limitMs }: { signal: AbortSignal; limitMs: number },
): Promise<ComeBackAnswer> {
  const { clock } = ports.system
  const begunAt = clock.monotonic()
  for (;;) {
    try {
      return await run.helper.comeBack(profile.name, undefined, { signal, timeoutMs: 30_000 })
    } catch (thrown) {
      const { code } = toStillshotError(thrown)
      // While a guest boots, sshd may refuse the login and sudo may not know anybody yet.
      const passing = [
        'guest-unreachable',
        'guest-login-refused',
        'sudo-refused',
        'helper-failed',
        'timed-out',
      ].includes(code)
      if (!passing || clock.monotonic() - begunAt > limitMs) throw thrown
      await run.helper.close()
      await clock.sleep(1_000, signal)
    }
  }
}

/**
 * Rolls the disks back. A lost answer is settled by looking: it resolves when they are at the snapshot, and rejects with
 * the failure when they are as before.
 */
export async function rollBackOrSettle(
  { hypervisor, system }: Ports,
  vm: Vm,
  request: RollBackRequest,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = system
  try {
    await hypervisor.rollBack(vm, request, { signal, timeoutMs: ROLL_BACK_LIMIT_MS })
  } catch (thrown) {
    if (!['answer-lost', 'hypervisor-unreachable', 'timed-out'].includes(toStillshotError(thrown).code)) throw thrown
    const settle = () => hypervisor.settleRollBack(vm, request, { signal, timeoutMs: ROLL_BACK_LIMIT_MS })
    const state = await retry(settle, { clock, signal, pauseMs: 2_000, limitMs: ROLL_BACK_LIMIT_MS })
    if (state !== 'rolled-back') throw thrown
  }
}

/** The guest that answers is the VM that was rolled back: its address may belong to another one by now. */
export function proveRestoredMachine(vm: Vm, { uuid }: ComeBackAnswer): Proof {
  const { verdict, code, message } = proveSameMachine(vm, { uuid, macs: [] }, 1)
  return { claim: 'came-back', verdict, code, message }
}

/** The marker that the hold wrote just before the point in time names the point that came back. */
export function proveMarker(point: RestorePoint, { markers }: ComeBackAnswer): Proof {
  const claim = 'came-back'
  const expected = expectedMarker(point)
  if (expected === undefined) {
    const message = 'nothing was held for this point, so it has no marker of its own'
    return { claim, verdict: 'proven', code: 'no-marker-expected', message }
  }
  const places = markers.filter(({ path }) => path !== '')
  const wrong = places.filter(({ content }) => content === null || !content.startsWith(expected))
  if (places.length > 0 && wrong.length === 0) {
    return { claim, verdict: 'proven', code: 'marker-read', message: `every marker names ${expected}` }
  }
  const seen = wrong.map(({ path, content }) => `${path}: ${content ?? 'missing'}`).join(', ')
  return {
    claim,
    verdict: 'contradicted',
    code: 'other-marker',
    message: `the markers do not name ${expected}: ${seen || 'none found'}`,
  }
}
