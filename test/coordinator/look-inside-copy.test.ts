import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ports } from '../../src/coordinator/ports.ts'
import { restoreAs } from '../../src/coordinator/restore-as.ts'
import { runDrill } from '../../src/coordinator/run-drill.ts'
import type { GuestShell } from '../../src/guest/guest-shell.ts'
import { makeWorld, type World } from '../world/world.ts'

const HALF = { run: 'R', since: '2026-11-28T00:00:00Z', held: false, databases: ['shop'], loaded: null }
const signal = new AbortController().signal

/** Ports by which a copy says that its databases are half restored. */
function half({ ports }: World): Ports {
  const { agentShells } = ports
  assert.ok(agentShells)
  const changed = (shell: GuestShell): GuestShell =>
    new Proxy(shell, {
      get(target, key) {
        if (key !== 'run') {
          const value: unknown = Reflect.get(target, key, target)
          return typeof value === 'function' ? value.bind(target) : value
        }
        return async (...[argv, options]: Parameters<GuestShell['run']>) => {
          const result = await target.run(argv, options)
          if (!argv.includes('status')) return result
          return { ...result, stdout: JSON.stringify({ ...JSON.parse(result.stdout), half: HALF }) }
        }
      },
    })
  return {
    ...ports,
    agentShells: async (vm) => {
      const shells = await agentShells(vm)
      return { ...shells, open: async (target, call) => changed(await shells.open(target, call)) }
    },
  }
}

test('a drill does not pass a point whose databases were half restored', async () => {
  const world = makeWorld({}, { agent: true })
  await world.snapshot()
  const { drill, point } = await runDrill(half(world), world.settings, { dryRun: false, signal })
  assert.deepEqual([drill?.result, drill?.reasons[0]?.code, point.grade], ['failed', 'half-restored', 'suspect'])
})

test('a copy of one is not told to be up', async () => {
  const world = makeWorld({}, { agent: true })
  await world.snapshot()
  const { cameBack, findings } = await restoreAs(half(world), world.settings, { as: 'rescue', dryRun: false, signal })
  assert.equal(cameBack, false)
  assert.ok(findings.some(({ code, message }) => code === 'half-restored' && /shop: half restored since/.test(message)))
})

test('a copy of a safety point whose database was down is not told to be up, though nothing better was promised', async () => {
  const world = makeWorld({}, { agent: true })
  const made = await world.snapshot()
  const guest = { state: 'database-down', message: 'not active: mariadb.service' }
  const evidence = { ...(made.evidence as object), hold: undefined, guest }
  await world.catalog.savePoint({ ...made, kind: 'safety', mode: 'none', grade: 'crash-only', evidence })
  world.copy.facts.running = false
  const order = { as: 'rescue', pointId: made.id, dryRun: false, signal }
  assert.equal((await restoreAs(world.ports, world.settings, order)).cameBack, false)
})
