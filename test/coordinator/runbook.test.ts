import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryCatalog } from '../../adapters/catalogs/memory/memory-catalog.ts'
import { runbookFolder } from '../../src/cli/runbook-folder.ts'
import { runbookText } from '../../src/cli/runbook-text.ts'
import { makeRunbook } from '../../src/coordinator/make-runbook.ts'
import { pruneVm } from '../../src/coordinator/prune-vm.ts'
import { rebuildCatalog } from '../../src/coordinator/rebuild-catalog.ts'
import { runDrill } from '../../src/coordinator/run-drill.ts'
import type { Runbook, RunbookPoint } from '../../src/coordinator/runbook.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import type { Log } from '../../src/log/log.ts'
import { FreezingGuest } from '../world/freezing-guest.ts'
import { makeWorld } from '../world/world.ts'
import { restore, signal } from './restoring.ts'

/** A world whose runbooks are kept in a folder. */
function keepingWorld(options: Parameters<typeof makeWorld>[1] = {}) {
  const world = makeWorld({}, options)
  world.system.files.put('/wiki/keep', '')
  const warned: string[] = []
  const warn = (message: string, facts: unknown) => void warned.push(`${message}: ${JSON.stringify(facts)}`)
  const log: Log = { debug() {}, info() {}, warn, error() {} }
  const ports = { ...world.ports, log, runbooks: runbookFolder(world.system.files, '/wiki') }
  const page = () => world.system.files.content('/wiki/db1.md')
  return { ...world, ports, page, warned, take: () => takeSnapshot(ports, world.settings, { mode: 'stop', signal }) }
}

const sectionsOf = (page: string) => page.split('\n').filter((line) => line.startsWith('#'))

describe('a runbook', () => {
  test('has the real ids, the commands of the hypervisor in their order, and what to look at', async () => {
    const world = keepingWorld()
    const point = await world.take()
    const page = world.page()
    const order = [
      ...['# Putting back db1', '- machine: db1 on fake (fake)', 'ssh -p 22 stillshot@10.0.0.1'],
      ...['    fake create-snapshot db1 before-restore', `db-stopped is ${point.id}`],
      ...[`    fake roll-back db1 ${point.snapshot}`, '    fake power-on db1'],
      ...['`systemctl is-active mariadb.service` says active', 'SELECT 1'],
      ...[`\`head -c 26 /var/lib/stillshot/stillshot-marker\` says ${point.id}`, 'stillshot catalog rebuild db1'],
    ]
    const places = order.map((words) => page.indexOf(words))
    assert.ok(!places.includes(-1), `${order[places.indexOf(-1)]} is not in\n${page}`)
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
    )
  })

  test('is current after a snapshot, a restore and a prune', async () => {
    const world = keepingWorld()
    const first = await world.take()
    await world.pass(60_000)
    const second = await world.take()
    assert.deepEqual(
      sectionsOf(world.page()).filter((line) => line.startsWith('###')),
      [`### ${first.id} of ${first.createdAt}`],
    )
    const { safetyPoint } = await restore(world, {}, world.ports)
    assert.match(world.page(), new RegExp(`### ${safetyPoint?.id} of .*, taken before a restore`))
    const policies = [{ name: 'nightly', keep: { last: 1 }, timezone: 'UTC' }]
    await pruneVm(world.ports, world.settings, { policies, dryRun: false, signal })
    assert.doesNotMatch(world.page(), new RegExp(first.id))
    assert.match(world.page(), new RegExp(second.id))
    assert.deepEqual(world.warned, [])
  })

  test('is current after a freeze, after a drill that a point did not pass, and after the catalog was lost', async () => {
    const world = keepingWorld({ agent: true })
    const shells = new FreezingGuest(world).ports.shells
    const frozen = await takeSnapshot({ ...world.ports, shells }, world.settings, { mode: 'freeze', signal })
    assert.match(world.page(), new RegExp(`the newest is ${frozen.id}`))
    const stopped = await world.take()
    world.copy.facts.recovered = true
    await runDrill(world.ports, world.settings, { dryRun: false, signal })
    assert.match(world.page(), new RegExp(`${stopped.id} of [^#]*suspect: `))
    const ports = { ...world.ports, catalog: new MemoryCatalog() }
    world.system.files.put('/wiki/db1.md', '')
    await rebuildCatalog(ports, world.settings, { dryRun: true, signal })
    assert.equal(world.page(), '')
    await rebuildCatalog(ports, world.settings, { dryRun: false, signal })
    assert.match(world.page(), new RegExp(frozen.id))
  })

  test('says what is left where nothing is db-stopped, and where there is nothing', async () => {
    const world = keepingWorld()
    world.guest.faults.killed = true
    const point = await world.take()
    assert.match(world.page(), new RegExp(`No point is db-stopped; the newest is ${point.id}`))
    world.hypervisor.state('db1').snapshots.length = 0
    const book = await makeRunbook(world.ports, world.settings, { signal })
    assert.deepEqual([book.points, book.recommended], [[], null])
  })
})

describe('what a runbook says of points', () => {
  const book = async (change: (point: RunbookPoint) => Partial<RunbookPoint>) => {
    const world = keepingWorld()
    await world.take()
    const made = await makeRunbook(world.ports, world.settings, { signal })
    const points = made.points.map((point) => ({ ...point, ...change(point) }))
    return { ...made, recommended: null, points }
  }

  test('leads to none that is somebody else’s, a safety point or suspect', async () => {
    for (const change of [{ kind: 'foreign' }, { kind: 'safety' }, { grade: 'suspect' }] as const) {
      const page = runbookText(await book(() => change))
      assert.match(page, /^No point is one to rely on: see what is known of each, below\.$/m)
      assert.match(page, /## Other restore points, newest first\n\n### /)
      assert.match(page, /^ {4}fake power-on db1$/m)
    }
    const good = await book(() => ({ kind: 'snapshot', grade: 'crash-only' }))
    const worse = good.points.map((point) => ({ ...point, id: 'NEWER', kind: 'safety' as const }))
    assert.match(
      runbookText({ ...good, points: [...worse, ...good.points] }),
      /No point is db-stopped; the newest is 01/,
    )
  })

  test('quotes what the guest said', async () => {
    const words = { markers: ["/srv/it's; reboot/marker"], units: ['db$(reboot).service'] }
    const page = runbookText(await book(() => ({ ...words, grade: 'crash-only' })))
    assert.ok(page.includes("`head -c 26 '/srv/it'\\''s; reboot/marker'`"), page)
    assert.ok(page.includes("`systemctl is-active 'db$(reboot).service'`"), page)
  })
})

describe('a runbook that cannot be kept', () => {
  test('is a warning, whatever is in its way, and the run ends as it does', async () => {
    const world = keepingWorld()
    const missing = { ...world.ports, runbooks: runbookFolder(world.system.files, '/not-mounted') }
    const point = await takeSnapshot(missing, world.settings, { mode: 'stop', signal })
    assert.equal(point.grade, 'db-stopped')
    assert.match(world.warned[0] ?? '', /the runbook is not current.*ENOENT/)
    assert.deepEqual(await world.system.files.list('/not-mounted'), [])
  })

  test('holds nobody up for ever', async () => {
    const world = keepingWorld()
    const hanging = { keep: (_: Runbook) => new Promise<void>(() => {}) }
    const begunAt = world.clock.monotonic()
    await takeSnapshot({ ...world.ports, runbooks: hanging }, world.settings, { mode: 'stop', signal })
    assert.ok(world.clock.monotonic() - begunAt < 60_000)
    assert.equal(world.warned.length, 1)
    assert.deepEqual(await world.catalog.locks(), [], 'and has given the VM back before')
  })
})
