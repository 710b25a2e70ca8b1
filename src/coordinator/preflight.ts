import { ERRORS, type ErrorCode, StillshotError, toStillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import type { Proof } from '../grade/proof.ts'
import type { Forecast } from '../guest/application.ts'
import { type Coverage, proveCoverage } from '../guest/coverage.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import { knownHelper } from '../guest/helper-file.ts'
import type { ProbeAnswer } from '../guest/protocol/answers.ts'
import { proveSameMachine } from '../guest/same-machine.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import { forecastFindings } from './forecast.ts'
import { halfFindings } from './half-restored.ts'
import type { Ports, VmSettings } from './ports.ts'

/** What a look before the act saw. Fields are undefined where the look itself failed; a finding says why. */
export interface Preflight {
  readonly findings: readonly Finding[]
  readonly probe?: ProbeAnswer
  readonly sameMachine?: Proof
  readonly coverage?: Coverage
  readonly forecast?: Forecast & { readonly snapshotMs: number; readonly totalMs: number }
}

/** A preflight that refused nothing: everything that a hold needs is there. */
export type Passed = Required<Preflight>

/** The same where nothing will be held. */
export type PassedUnheld = Omit<Passed, 'forecast'>

interface Ahead {
  readonly helper: GuestHelper
  readonly vm: Vm
  readonly signal: AbortSignal
  readonly taking?: Taking
}

/**
 * `backup`: the hypervisor makes it by itself, has locked the VM for it already, and needs no snapshot of ours.
 * `frozen`: a snapshot for which nothing is stopped; the hypervisor freezes the guest.
 */
export type Taking = 'snapshot' | 'backup' | 'frozen'

/**
 * Looks at everything that can be seen before the database is touched; changes nothing, and reports all that it found
 * instead of the first. Rejects only when cancelled.
 */
export async function lookAhead(
  ports: Ports,
  settings: VmSettings,
  { helper, vm, signal, taking = 'snapshot' }: Ahead,
): Promise<Preflight> {
  // A guest that is off says nothing more than that.
  if (vm.power !== 'running') return { findings: await hypervisorFindings(ports, vm, taking, signal) }
  const [hypervisor, guest] = await Promise.all([
    hypervisorFindings(ports, vm, taking, signal),
    attempt(() => helper.probe(settings.profile.name, { signal, timeoutMs: 60_000 })),
  ])
  signal.throwIfAborted()
  if (guest.failure !== undefined) return { findings: [...hypervisor, guest.failure] }
  const probe = guest.value
  const sameUuid = await attempt(() => ports.hypervisor.countUuid(vm.uuid, { signal, timeoutMs: 30_000 }))
  if (sameUuid.failure !== undefined) return { findings: [...hypervisor, sameUuid.failure] }
  const sameMachine = proveSameMachine(vm, probe, sameUuid.value)
  const coverage = proveCoverage(probe, vm.disks, settings.disks)
  const findings = [
    ...hypervisor,
    helperFinding(ports, probe),
    ...halfFindings(probe.half, settings.name),
    proofFinding(sameMachine, 'check the address of the guest and the id of the VM: they must be one machine'),
    proofFinding(coverage.proof, 'move the data to a disk that snapshots contain, or map the disks under `disks:`'),
  ]
  const seen = { probe, sameMachine, coverage }
  if (taking === 'frozen') return { findings: [...findings, ...openHoldFindings(probe)], ...seen }
  const stopping = ports.application.checkProbe(probe, {
    longTransactionSeconds: settings.longTransactionSeconds,
    settingsPutBack: settings.profile.settingsPutBack,
  })
  const { forecast, findings: limits } = await forecastFindings(ports, settings, probe)
  return { findings: [...findings, ...stopping, ...limits], ...seen, forecast }
}

/** Whoever holds the guest may end that at any moment. */
function openHoldFindings({ openHold }: ProbeAnswer): readonly Finding[] {
  if (openHold === null) return []
  const message = `hold ${openHold.id} (${openHold.state}, profile ${openHold.profile}) is open in the guest`
  const hint = 'wait for it, or settle it with `stillshot recover`'
  return [{ severity: 'refuse', code: 'hold-open', message, hint, error: 'guest-locked' }]
}

/** Rejects with one error that names everything that refuses; else resolves with what the hold needs. */
export function passed(vm: string, seen: Preflight): Passed {
  const { forecast } = seen
  const unheld = passedUnheld(vm, seen)
  if (!forecast) throw sawNothing(vm)
  return { ...unheld, forecast }
}

/** As {@link passed}, where nothing will be held. */
export function passedUnheld(vm: string, seen: Preflight): PassedUnheld {
  refuseIfAny(vm, seen.findings)
  const { probe, sameMachine, coverage } = seen
  if (!probe || !sameMachine || !coverage) throw sawNothing(vm)
  return { findings: seen.findings, probe, sameMachine, coverage }
}

function sawNothing(vm: string): StillshotError {
  return new StillshotError('defect', `${vm}: the preflight refused nothing and saw nothing`)
}

/** Throws one error that names every finding that refuses; nothing when there is none. */
export function refuseIfAny(vm: string, findings: readonly Finding[]): void {
  const refusing = findings.filter(({ severity }) => severity === 'refuse')
  const first = refusing[0]
  if (first !== undefined) {
    const codes = new Set(refusing.map(({ error }) => error ?? 'preflight-refused'))
    const [only] = codes
    const code: ErrorCode = codes.size === 1 && only !== undefined ? only : 'preflight-refused'
    const message = refusing.map((finding) => shortened(finding.message)).join('; ')
    const hint = refusing.map((finding) => finding.hint).join('; ')
    throw new StillshotError(code, message.startsWith(`${vm}: `) ? message : `${vm}: ${message}`, {
      hint,
      details: { findings: refusing },
    })
  }
}

/** What a guest says of itself may be of any length. */
function shortened(message: string): string {
  return message.length <= LONGEST_MESSAGE ? message : `${message.slice(0, LONGEST_MESSAGE)}…`
}

const LONGEST_MESSAGE = 500

async function hypervisorFindings(
  { hypervisor }: Ports,
  vm: Vm,
  taking: Taking,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const about = await attempt(() => hypervisor.check({ signal, timeoutMs: 30_000 }))
  if (about.failure !== undefined) return [about.failure]
  const { product, version } = about.value
  const reached: Finding = { severity: 'ok', code: 'hypervisor-reached', message: `${product} ${version}`, hint: '' }
  if (vm.power !== 'running') {
    const message = `${vm.name} is ${vm.power}`
    return [
      reached,
      {
        severity: 'refuse',
        code: 'vm-not-running',
        message,
        hint: ERRORS['vm-not-running'].hint,
        error: 'vm-not-running',
      },
    ]
  }
  if (taking === 'backup') return [reached]
  const quiesce = taking === 'frozen'
  if (quiesce && !hypervisor.capabilities.quiesce) return [reached, cannotFreeze(hypervisor.kind)]
  const look = { signal, timeoutMs: 30_000, ...(quiesce ? { quiesce } : {}) }
  const snapshot = await attempt(() => hypervisor.checkSnapshot(vm, look))
  return [reached, ...(snapshot.failure === undefined ? snapshot.value : [snapshot.failure])]
}

function cannotFreeze(kind: string): Finding {
  const message = `${kind} cannot freeze a guest for a snapshot`
  return { severity: 'refuse', code: 'no-freeze', message, hint: 'use mode stop', error: 'not-supported' }
}

/** Whether the helper that answers is one of ours. */
export function helperFinding({ helper }: Pick<Ports, 'helper'>, { sha256 }: { readonly sha256: string }): Finding {
  const known = knownHelper(helper, sha256)
  if (known === 'current') {
    return { severity: 'ok', code: 'helper-known', message: 'the helper in the guest is this version’s', hint: '' }
  }
  const hint = 'run `stillshot guest install VM`'
  if (known === 'older') {
    return { severity: 'warn', code: 'helper-older', message: 'the helper in the guest is an older one', hint }
  }
  const message = `the helper in the guest has sha256 ${sha256}, which is none of ours`
  return {
    severity: 'refuse',
    code: 'helper-altered',
    message,
    hint: ERRORS['helper-altered'].hint,
    error: 'helper-altered',
  }
}

export function proofFinding({ verdict, code, message }: Proof, hint: string): Finding {
  return verdict === 'proven'
    ? { severity: 'ok', code, message, hint: '' }
    : { severity: 'refuse', code, message, hint }
}

type Attempt<T> =
  | { readonly value: T; readonly failure?: never }
  | { readonly value?: never; readonly failure: Finding }

/** What a look sees, or the finding that it could not be had. */
export async function attempt<T>(look: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await look() }
  } catch (thrown) {
    const { code, message, hint } = toStillshotError(thrown)
    return { failure: { severity: 'refuse', code, message, hint, error: code } }
  }
}
