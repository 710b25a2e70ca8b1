import { byHand, reachByHand } from '../../adapters/hypervisors/libvirt/by-hand.ts'
import { FakeHost } from '../../adapters/system/fake/fake-host.ts'
import type { App, Session } from '../../src/cli/app.ts'
import { lazyProcedures } from '../../src/cli/procedures.ts'
import { progressDisplay } from '../../src/cli/progress.ts'
import type { Prompts } from '../../src/cli/prompts.ts'
import { runCommandLine } from '../../src/cli/run.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { loadSettings } from '../../src/config/load.ts'
import type { Ports } from '../../src/coordinator/ports.ts'
import type { KeptCopy } from '../../src/hypervisor/clones.ts'
import type { Hypervisor } from '../../src/hypervisor/hypervisor.ts'
import { Redaction } from '../../src/log/redaction.ts'
import { makeWorld, type World } from '../world/world.ts'

const CONFIG = `hypervisors: { kvm: { kind: libvirt } }
ssh: { key: id_ed25519 }
vms:
  db1: { hypervisor: kvm, id: db1, ssh: { host: 10.0.0.5 } }
`
const HOUR_MS = 3_600_000

/**
 * What stands on the terminal of somebody who restores a VM and takes that back: the real command line and coordinator, in the world of
 * test/world, in virtual time. docs/how-to/restore.md shows it.
 */
export async function restoreTranscript(): Promise<string> {
  return screenOf(await worldOfANight(), 'db1', [
    ['restore', 'db1'],
    ['restore', 'db1', '--undo'],
  ])
}

/** The same of somebody who wants one table back, and makes a copy beside the VM. */
export async function copyTranscript(): Promise<string> {
  return screenOf(await worldOfANight(), 'db1-rescue', [
    ['restore', 'db1', '--as', 'db1-rescue'],
    ['list', '--copies'],
    ['restore', 'db1', '--remove-copy', 'db1-rescue'],
  ])
}

/** `typed`: what is typed where a name is asked for. */
async function screenOf(world: World, typed: string, lines: readonly (readonly string[])[]): Promise<string> {
  let screen = ''
  const say = (text: string) => {
    screen += text
  }
  for (const argv of lines) {
    say(`$ stillshot ${argv.join(' ')}\n`)
    await runCommandLine(argv, await appOf(world, say, typed))
    say('\n')
  }
  return screen.trimEnd()
}

/** Two nights of snapshots, of which the first one ended badly; then somebody drops the database. */
async function worldOfANight(): Promise<World> {
  const world = makeWorld({}, { agent: true })
  world.guest.faults.killed = true
  await world.snapshot()
  world.guest.faults.killed = false
  await world.pass(24 * HOUR_MS)
  await world.snapshot()
  await world.pass(3 * HOUR_MS)
  for (const times of [1, 2]) {
    world.hypervisor.breakNext({ call: 'createSnapshot', kind: 'delay', ms: 800 * times })
    world.hypervisor.breakNext({ call: 'rollBack', kind: 'delay', ms: 2_300 })
    world.hypervisor.breakNext({ call: 'powerOn', kind: 'delay', ms: 14_000 })
  }
  return world
}

async function appOf(world: World, say: (text: string) => void, typed: string): Promise<App> {
  const { system } = world
  const host = new FakeHost({ variables: {}, files: { '/home/admin/stillshot.yaml': { text: CONFIG } } })
  const terminal: Terminal = { out: say, err: say, interactive: true, columns: 120 }
  const progress = progressDisplay({ ...terminal, interactive: false }, system.clock, { quiet: false })
  const unused = () => {
    throw new Error('not asked for')
  }
  const ports: Ports = { ...world.ports, progress, hypervisor: wordedAsLibvirt(world.hypervisor) }
  const settings = () => loadSettings(host, undefined)
  const session: Session = {
    ...{ settings, knownHosts: unused, catalog: async () => world.catalog, recoverPorts: async () => ports },
    ...{
      openHypervisor: async () => ports.hypervisor,
      repositories: { open: unused },
      openVm: async () => ({ ports, settings: world.settings }),
      close: progress.close,
    },
  }
  return {
    ...{ version: '1', terminal, system, host, redaction: new Redaction(), procedures: lazyProcedures, program: [] },
    ...{
      prompts: typing(say, typed),
      input: { [Symbol.asyncIterator]: unused, close: () => {} },
      vzdumpScript: unused,
    },
    ...{ writeNewFile: unused, signal: new AbortController().signal, openSession: () => session },
  }
}

/** Takes what is recommended, and types the name that is asked for. */
function typing(say: (text: string) => void, typed: string): Prompts {
  return {
    async confirm(message) {
      say(`? ${message} yes\n`)
      return true
    },
    async text(message) {
      say(`? ${message}: ${typed}\n\n`)
      return typed
    },
    async choose(message, choices, initial) {
      const lines = choices.map(({ id, label }) => `  ${id === initial ? '●' : '○'} ${label}\n`)
      say(`? ${message}\n${lines.join('')}\n`)
      return initial
    },
  }
}

/** The world's hypervisor, whose commands by hand are those of a real one. */
function wordedAsLibvirt(hypervisor: Hypervisor): Hypervisor {
  const words: Hypervisor['byHand'] = (vm, act, name) => byHand('qemu:///system', '10.0.0', vm, act, name)
  const clones = { ...hypervisor.clones, reach: ({ name }: KeptCopy) => reachByHand('qemu:///system', name) }
  const worded: Readonly<Record<string | symbol, unknown>> = { byHand: words, clones }
  return new Proxy(hypervisor, {
    get(target, property) {
      const value: unknown = worded[property] ?? Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
