import { StillshotError } from '../errors.ts'
import type { Grade, Reason } from '../grade/grade.ts'
import { gradeEvidence } from '../grade/grade-evidence.ts'
import type { GuestAgent, Vm } from '../hypervisor/hypervisor.ts'
import { retry } from '../system/retry.ts'
import { asRoot, type InstallOrder } from './install-helper.ts'
import { holdOfFreeze } from './judge-freeze.ts'
import { readKeptFreezes } from './kept-freezes.ts'
import type { Ports, VmSettings } from './ports.ts'
import { openHelper } from './run.ts'

export interface FreezeHookOrder extends Pick<InstallOrder, 'signal' | 'installUser'> {
  /** A person agreed that SELinux lets the agent's hooks run unconfined. */
  readonly allowSelinux: boolean
}

export interface FreezeHookReport {
  /** The agent's hook, and what of it was there before; absent when the guest has no qemu-guest-agent. */
  readonly hook?: string
  readonly keptBefore?: string
  /** The script among VMware Tools'; absent when they are not installed. */
  readonly vmwareTools?: string
  /** `asks`: it keeps the agent's hooks from working until a person agrees (`--allow-selinux`). */
  readonly selinux?: 'allowed' | 'asks' | 'unknown'
  readonly proof: FreezeProof
}

/** One real freeze and thaw through the agent, or why there was none. */
export type FreezeProof =
  | { readonly proven: true; readonly grade: Grade; readonly reasons: readonly Reason[] }
  | { readonly proven: false; readonly reason: string }

/** How long the agent may take: it waits for the server's stop, and its start. */
const FREEZE_LIMIT_MS = 600_000

/** The agent may just have been restarted. */
const AGENT_STARTS_MS = 20_000

/** Of the hold's time to live, this much is left to start everything again. */
const START_SHARE = 3
const LONGEST_START_MS = 60_000

/**
 * Installs what calls the helper's freeze and thaw from inside: the hook of qemu-guest-agent and the script for VMware
 * Tools, whichever the guest has. Ends with one real freeze and thaw where the hypervisor can ask the agent for it. The
 * helper must be there already. May be repeated.
 */
export async function installFreezeHook(
  ports: Ports,
  settings: VmSettings,
  order: FreezeHookOrder,
): Promise<FreezeHookReport> {
  const facts = readFacts(await asRoot(ports, settings, order, hookScript(ports, settings, order)))
  const [hook, vmwareTools] = [facts.get('hook'), facts.get('vmware')]
  if (hook === undefined && vmwareTools === undefined) {
    throw new StillshotError('helper-failed', `${settings.name} has neither qemu-guest-agent nor VMware Tools`, {
      hint: 'install the agent of your hypervisor in the guest, then run this again',
    })
  }
  const keptBefore = facts.get('before')
  const selinux = facts.get('selinux') as FreezeHookReport['selinux']
  const proof = await prove(ports, settings, { ...order, agent: facts.get('agent'), selinux })
  return {
    ...(hook === undefined ? {} : { hook }),
    ...(keptBefore === undefined ? {} : { keptBefore }),
    ...(vmwareTools === undefined ? {} : { vmwareTools }),
    ...(selinux === undefined ? {} : { selinux }),
    proof,
  }
}

function hookScript({ helper }: Ports, { profile, holdTtlMs }: VmSettings, order: FreezeHookOrder): string {
  if (helper.freezeHook === undefined) throw new StillshotError('defect', 'the freeze hook was not loaded')
  const startMs = Math.min(LONGEST_START_MS, Math.floor(holdTtlMs / START_SHARE))
  // The configuration allows no names of profiles that a shell could misread; the helper's own installation looked again.
  const words = [`PROFILE=${profile.name}`, `TTL=${holdTtlMs}`, `START=${startMs}`]
  return `${[...words, `SELINUX=${order.allowSelinux ? 'allow' : 'ask'}`].join('\n')}\n${helper.freezeHook.install}`
}

function readFacts(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').map((line) => line.split('\t'))
  return new Map(lines.flatMap(([name, value]) => (name && value ? [[name, value] as const] : [])))
}

interface Proving {
  readonly signal: AbortSignal
  readonly agent: string | undefined
  readonly selinux: FreezeHookReport['selinux']
}

async function prove(ports: Ports, settings: VmSettings, { signal, agent, selinux }: Proving): Promise<FreezeProof> {
  const { guestAgent } = ports.hypervisor
  const not = (reason: string): FreezeProof => ({ proven: false, reason })
  if (agent === undefined) return not('VMware Tools run it with the next quiesced snapshot, and only then')
  if (agent !== 'running') return not('qemu-guest-agent does not run')
  if (selinux === 'asks') return not('SELinux does not let the hook work yet')
  if (guestAgent === undefined) return not(`${ports.hypervisor.kind} cannot be asked for a freeze by itself`)
  const vm = await ports.hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
  const helper = openHelper(ports, settings)
  try {
    const call = { signal, timeoutMs: 60_000, machine: vm.uuid }
    const before = (await helper.kept(undefined, call)).freezes
    await retry(() => guestAgent.ping(vm, { signal, timeoutMs: 10_000 }), {
      clock: ports.system.clock,
      signal,
      pauseMs: 500,
      limitMs: AGENT_STARTS_MS,
      when: () => true,
    })
    await freezeOnce(guestAgent, vm, signal)
    const fresh = (await helper.kept(undefined, call)).freezes.filter((id) => !before.includes(id))
    const [freeze] = await readKeptFreezes(helper, ports.system.clock, fresh, call)
    if (freeze === undefined || !('window' in freeze)) {
      throw new StillshotError('helper-failed', `${settings.name}: the agent froze the guest without its hook`, {
        hint: 'look at the agent’s own log in the guest, and whether it is told of the hook (-F or qemu-ga.conf)',
      })
    }
    const sameUuid = await ports.hypervisor.countUuid(vm.uuid, { signal, timeoutMs: 30_000 })
    const { evidence } = holdOfFreeze(
      { application: ports.application, settings, vm, sameUuid, run: freeze.id },
      freeze,
    )
    // It was for no snapshot: later ones are not to be matched with it.
    await helper.forget(freeze.id, call)
    return { proven: true, ...gradeEvidence(evidence.proofs) }
  } finally {
    await helper.close()
  }
}

/** The thaw follows whatever happened, and nobody's abort keeps it back: a frozen guest is worse than a failed proof. */
async function freezeOnce(agent: GuestAgent, vm: Vm, signal: AbortSignal): Promise<void> {
  let failure: unknown
  try {
    await agent.freeze(vm, { signal, timeoutMs: FREEZE_LIMIT_MS })
  } catch (thrown) {
    failure = thrown
  }
  try {
    await agent.thaw(vm, { timeoutMs: FREEZE_LIMIT_MS })
  } catch (thrown) {
    failure ??= thrown
  }
  if (failure !== undefined) throw failure
}
