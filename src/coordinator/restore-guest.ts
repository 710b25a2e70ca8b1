import { StillshotError, toStillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import { isOpenHold } from '../guest/open-hold.ts'
import type { ProbeAnswer } from '../guest/protocol/answers.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import { halfWords } from './half-restored.ts'
import type { Ports, VmSettings } from './ports.ts'

/** How the machine is that a restore is about to put back; kept with its safety point. Plain JSON. */
export interface GuestState {
  /** `silent`: nobody in it answers. `database-down`: the helper answers, and not all of the profile runs, or databases are half restored. */
  readonly state: 'healthy' | 'database-down' | 'silent'
  readonly message: string
}

/** What the machine says of itself before it is rolled back. */
export interface GuestNow extends GuestState {
  /** What a restore should know of its server. */
  readonly findings: readonly Finding[]
  /** What it answered, where it did. */
  readonly probe?: ProbeAnswer
}

const PROBE_LIMIT_MS = 60_000
const STATUS_LIMIT_MS = 20_000

/**
 * Asks the guest how it is; changes nothing. One that is dead is what restores are for, so that only a hold which somebody has open
 * in it (`guest-locked`), and an abort, reject. `waits`: nothing is done before whoever has the VM is done with it, and a hold of his is
 * no reason.
 */
export async function lookAtGuest(
  { application }: Pick<Ports, 'application'>,
  { name, profile, longTransactionSeconds }: VmSettings,
  { helper, vm, waits = false, signal }: { helper: GuestHelper; vm: Vm; waits?: boolean; signal: AbortSignal },
): Promise<GuestNow> {
  if (vm.power !== 'running') return { state: 'silent', message: `${name} is ${vm.power}`, findings: [] }
  try {
    const probe = await helper.probe(profile.name, { machine: vm.uuid, signal, timeoutMs: PROBE_LIMIT_MS })
    if (!waits) refuseHold(name, probe.openHold ?? undefined)
    const limits = { longTransactionSeconds, settingsPutBack: profile.settingsPutBack }
    return { ...stateOf(probe), findings: application.checkProbe(probe, limits), probe }
  } catch (thrown) {
    signal.throwIfAborted()
    const { code, message } = toStillshotError(thrown)
    if (code === 'guest-locked') throw thrown
    // Nothing more is heard from a guest that could not be reached; one whose data are gone may still know of a hold.
    if (code !== 'guest-unreachable' && !waits) await checkNotHeld(helper, name, signal)
    return { state: 'silent', message, findings: [] }
  }
}

function stateOf({ components, dbms, half }: ProbeAnswer): GuestState {
  // What runs on half of its data promises nothing that an undo could be measured by.
  if (half) return { state: 'database-down', message: halfWords(half) }
  const down = components.filter(({ active }) => !active).map(({ unit, wanted }) => unit ?? wanted)
  if (down.length > 0) return { state: 'database-down', message: `not active: ${down.join(', ')}` }
  if (dbms !== null && !dbms.reachable) {
    return { state: 'database-down', message: `the server lets nobody in: ${dbms.loginError ?? 'no reason given'}` }
  }
  return { state: 'healthy', message: 'everything of the profile was active' }
}

/** A hold that somebody has open in the guest is not rolled back under them; a guest that does not answer has none to ask. */
export async function checkNotHeld(helper: GuestHelper, vm: string, signal: AbortSignal): Promise<void> {
  try {
    const { holds } = await helper.status({ signal, timeoutMs: STATUS_LIMIT_MS })
    refuseHold(vm, holds.find(isOpenHold))
  } catch (thrown) {
    signal.throwIfAborted()
    if (toStillshotError(thrown).code === 'guest-locked') throw thrown
  }
}

function refuseHold(vm: string, hold: { readonly id: string } | undefined): void {
  if (hold !== undefined) throw new StillshotError('guest-locked', `${vm} is held by ${hold.id}`)
}
