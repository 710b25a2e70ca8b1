import type { RestorePoint } from '../catalog/catalog.ts'
import { toStillshotError } from '../errors.ts'
import type { Proof } from '../grade/proof.ts'
import type { DataFinding } from '../guest/application.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import { retry } from '../system/retry.ts'
import { awaitComeBack } from './await-come-back.ts'
import { openCloneHelper } from './drill-steps.ts'
import { halfInCopy } from './half-in-copy.ts'
import { holdOf } from './judge-drill.ts'
import { isWorthAnotherTry } from './passing.ts'
import { phase } from './phase.ts'
import type { Phase, Ports, VmSettings } from './ports.ts'
import { promised } from './restore-promise.ts'
import { awaitBoot, proveMarker, proveRestoredMachine } from './restore-steps.ts'

const BOOT_LIMIT_MS = 900_000
const READY_LIMIT_MS = 600_000
const POWER_ON_LIMIT_MS = 120_000

/** What was seen of a copy that was started. */
export interface SeenInside {
  /** True when its database was seen to be up, and as the point promises; null where nobody can look inside. */
  readonly cameBack: boolean | null
  readonly findings: readonly DataFinding[]
  /** From the start until its guest answered. */
  readonly bootMs: number
  /** From the first answer until everything was up. */
  readonly readyMs: number
}

/** Why nobody can look into a copy of this VM, to which no network leads; undefined where somebody can. Starts nothing. */
export async function whyUnseen(
  { hypervisor, agentShells }: Pick<Ports, 'hypervisor' | 'agentShells'>,
  vm: Vm,
): Promise<string | undefined> {
  const runs = hypervisor.guestAgent?.exec !== undefined || hypervisor.guestPrograms !== undefined
  if (!runs || agentShells === undefined) {
    return `no program can be run in a guest of ${hypervisor.name} without a network`
  }
  try {
    await agentShells(vm)
    return undefined
  } catch (thrown) {
    return toStillshotError(thrown).message
  }
}

/**
 * Starts a copy and looks at its database through the agent, where there is one. Rejects when cancelled, or when it cannot be started;
 * what cannot be seen is told.
 */
export async function lookInsideCopy(
  ports: Ports,
  settings: VmSettings,
  { point, copy, signal }: { point: RestorePoint; copy: Vm; signal: AbortSignal },
): Promise<SeenInside> {
  const { clock } = ports.system
  const begunAt = clock.monotonic()
  const sinceMs = () => Math.round(clock.monotonic() - begunAt)
  const during = <T>(name: Phase, work: () => Promise<T>) => phase(ports, settings.name, name, work)
  const unseen = await whyUnseen(ports, copy)
  if (unseen !== undefined) {
    await during('boot', () => start(ports, copy, signal))
    return { cameBack: null, findings: [cannotLook(unseen)], bootMs: sinceMs(), readyMs: 0 }
  }
  let helper: GuestHelper | undefined
  let bootMs = 0
  try {
    helper = await openCloneHelper(ports, settings, copy)
    const within = { helper }
    await during('boot', async () => {
      await start(ports, copy, signal)
      await awaitBoot(ports, within, settings, { signal, limitMs: BOOT_LIMIT_MS })
    })
    bootMs = sinceMs()
    // A safety point of a machine that did not work promises nothing; whether its database is up is told all the same.
    const claims: readonly Proof['claim'][] = [...new Set(['came-back' as const, ...promised(point)])]
    const want = { profile: settings.profile.name, claims, limitMs: READY_LIMIT_MS }
    const { application } = ports
    const { answer, proofs } = await during('come-back', () =>
      awaitComeBack({ application, ...within, clock }, want, signal),
    )
    const all = [...proofs, proveRestoredMachine(copy, answer), proveMarker(point, answer)]
    const shown = all.filter(({ claim, verdict }) => claims.includes(claim) || verdict === 'contradicted')
    const half = await halfInCopy(helper, copy, signal)
    const data = [...application.judgeData(holdOf(point), answer), ...half]
    const against = data.some(({ verdict }) => verdict === 'contradicted')
    const isUp = all.every(({ claim, verdict }) => verdict === 'proven' || !claims.includes(claim))
    const findings = [...shown.map(({ verdict, code, message }) => ({ verdict, code, message })), ...data]
    return { cameBack: isUp && !against, findings, bootMs, readyMs: sinceMs() - bootMs }
  } catch (thrown) {
    signal.throwIfAborted()
    const { code, message } = toStillshotError(thrown)
    const findings = [{ verdict: 'unknown', code, message } as const]
    return { cameBack: false, findings, bootMs, readyMs: bootMs === 0 ? 0 : sinceMs() - bootMs }
  } finally {
    await helper?.close()
  }
}

async function start({ hypervisor, system }: Ports, copy: Vm, signal: AbortSignal): Promise<void> {
  const { clock } = system
  const limits = { clock, signal, pauseMs: 2_000, limitMs: POWER_ON_LIMIT_MS, when: isWorthAnotherTry }
  await retry(() => hypervisor.powerOn(copy, { signal, timeoutMs: POWER_ON_LIMIT_MS }), limits)
}

function cannotLook(why: string): DataFinding {
  const message = `the copy was started, and its database was not looked at: ${why}`
  return { verdict: 'unknown', code: 'inside-not-seen', message }
}
