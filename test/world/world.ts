import { MemoryCatalog } from '../../adapters/catalogs/memory/memory-catalog.ts'
import { AgentShells } from '../../adapters/guests/agent/agent-shells.ts'
import { FakeShells } from '../../adapters/guests/fake/fake-shells.ts'
import { FakeHypervisor } from '../../adapters/hypervisors/fake/fake-hypervisor.ts'
import { virtualSystem } from '../../adapters/system/fake/virtual-system.ts'
import type { Ports, ProgressEvent, VmSettings } from '../../src/coordinator/ports.ts'
import { recoverRuns } from '../../src/coordinator/recover-runs.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import type { CommandResult } from '../../src/guest/guest-shell.ts'
import type { AgentCommandEnd, GuestAgent, Vm } from '../../src/hypervisor/hypervisor.ts'
import { silentLog } from '../silent-log.ts'
import type { ModelFacts } from './model-answers.ts'
import { modelApplication } from './model-application.ts'
import { type ModelFaults, ModelGuest } from './model-guest.ts'

/** As an agent tells it. */
function ended({ exitStatus = 137, stdout, stderr }: CommandResult): AgentCommandEnd {
  return { exitStatus, stdout, stderr }
}

/**
 * One VM with one guest, in virtual time: the real coordinator runs in it unchanged. `agent`: the hypervisor speaks to the
 * agent in copies of it; `backups`: its own jobs make some.
 */
export function makeWorld(change: Partial<VmSettings> = {}, { agent = false, backups = false } = {}) {
  const system = virtualSystem()
  const { clock } = system
  const guest = new ModelGuest(clock)
  const disk = {
    id: 'vda',
    bus: 'virtio',
    serial: guest.facts.serial,
    unit: 0,
    sizeBytes: guest.facts.sizeBytes,
    covered: true,
  }
  /** What the server was doing at each point in time. */
  const pointsInTime: { name: string; running: boolean }[] = []
  /** The marker on the disks of each snapshot. */
  const markers = new Map<string, string | null>()
  /** The guest in a copy of the VM: as the VM's was, with what a test changes. */
  const copy: { facts: Partial<ModelFacts>; faults: ModelFaults } = { facts: {}, faults: {} }
  const copyOf = ({ uuid }: Vm) => {
    const facts = { ...guest.facts, running: true, recovered: false, ...copy.facts, uuid }
    return Object.assign(new ModelGuest(clock, facts), { faults: copy.faults })
  }
  const hypervisor = new FakeHypervisor({
    clock,
    backups,
    vms: [{ nativeId: 'db1', uuid: guest.facts.uuid, macs: [guest.facts.mac], disks: [disk] }],
    onCreate: (_, { name }) => {
      pointsInTime.push({ name, running: guest.facts.running })
      markers.set(name, guest.facts.marker)
    },
    ...(agent ? { guest: { exec: async (vm, { argv }) => ended(await copyOf(vm).program(argv)) } } : {}),
    onRollBack: (_, { name }) => {
      guest.reset()
      guest.facts.marker = markers.get(name) ?? null
    },
  })
  const shells = new FakeShells({ clock, program: guest.program })
  const catalog = new MemoryCatalog()
  const phases: ProgressEvent[] = []
  const settings: VmSettings = {
    name: 'db1',
    reference: 'db1',
    guest: { vm: 'db1', host: '10.0.0.1', port: 22, user: 'stillshot' },
    profile: {
      name: 'mysql',
      settingsPutBack: false,
      components: [{ kind: 'dbms', unit: 'auto', stopSeconds: 60, startSeconds: 60 }],
    },
    holdTtlMs: 60_000,
    budgetMs: 30_000,
    drainMs: 0,
    longTransactionSeconds: 30,
    disks: {},
    ...change,
  }
  const ports: Ports = {
    system,
    hypervisor,
    shells,
    agentShells: async (vm) => new AgentShells({ clock, agent: hypervisor.guestAgent as GuestAgent, vm }),
    catalog,
    application: modelApplication,
    log: silentLog,
    progress: { phase: (event) => phases.push(event) },
    stateDirectory: '/state',
    helper: { content: '', sha256: guest.facts.sha256, olderSha256: [] },
  }
  const signal = () => new AbortController().signal
  return {
    system,
    clock,
    guest,
    copy,
    hypervisor,
    shells,
    catalog,
    ports,
    settings,
    phases,
    pointsInTime,
    snapshot: (options: { signal?: AbortSignal } = {}) =>
      takeSnapshot(ports, settings, { mode: 'stop', signal: options.signal ?? signal() }),
    /** As after a crash of the process: another one looks at what it left. */
    recover: () => {
      system.processes.restart()
      return recoverRuns(async () => ({ ports, settings }), ports, { signal: signal() })
    },
    snapshotNames: () => hypervisor.state('db1').snapshots.map(({ snapshot }) => snapshot.name),
    /** Everything stands still and time passes, so that the watchdog can fire. */
    pass: (ms: number) => clock.sleep(ms),
  }
}

export type World = ReturnType<typeof makeWorld>
