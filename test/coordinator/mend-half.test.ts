import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VmLock } from '../../src/catalog/catalog.ts'
import { loadBack } from '../../src/coordinator/load-back.ts'
import { restoreBackup } from '../../src/coordinator/restore-backup.ts'
import { openHelper } from '../../src/coordinator/run.ts'
import { takeBackup } from '../../src/coordinator/take-backup.ts'
import { StillshotError } from '../../src/errors.ts'
import { makeBackupWorld } from './backup-guest.ts'

type World = ReturnType<typeof makeBackupWorld>

const restore = ({ ports, settings, signal }: World) =>
  restoreBackup(ports, settings, { parts: ['databases'], users: false, safety: false, dryRun: false, signal })

/** A restore without a dump of what was there has ended in the middle of its load, and has the VM's lock. */
async function halfRestored() {
  const world = makeBackupWorld()
  const { ports, settings, signal, server, catalog } = world
  const backup = await takeBackup(ports, settings, { parts: ['databases'], signal })
  server.refuse = () => {
    const run = String(server.claims.at(-1)?.[0])
    server.half = { run, since: '2026-11-27T02:30:00Z', held: true, databases: ['shop'], loaded: null }
    return { exitStatus: 1, stdout: '', stderr: 'ERROR 1064 (42000) at line 3' }
  }
  await assert.rejects(restore(world), (error: unknown) => {
    assert.ok(error instanceof StillshotError)
    assert.equal(error.code, 'half-restored')
    return true
  })
  server.refuse = () => undefined
  const [lock] = await catalog.locks()
  assert.ok(lock)
  return { world, backup, lock }
}

const codeOf = (thrown: unknown) => (thrown instanceof StillshotError ? thrown.code : String(thrown))

test('a restore that mends has the VM of the run that left it half, which then finds nothing to do', async () => {
  const { world, backup } = await halfRestored()
  assert.equal((await restore(world)).point.id, backup.id)
  assert.equal(world.server.half, null)
  const { settled } = await world.recover()
  assert.deepEqual(
    settled.map(({ outcome }) => outcome),
    ['recovered'],
  )
  assert.deepEqual(await world.catalog.locks(), [])
})

test('the VM is not given away while a recover of this host is at work on it', async () => {
  const { world, lock } = await halfRestored()
  const owner = world.system.processes.begin(4711)
  const recovers = { vmKey: JSON.stringify(['recover', owner.host]), holdId: 'R', run: 'R', procedure: 'recover' }
  await world.catalog.lockVm({ ...recovers, owner, takenAt: '2026-11-27T02:30:00.000Z', ttlMs: 0 })
  assert.equal(await restore(world).catch(codeOf), 'run-under-way')
  assert.equal((await world.catalog.locks()).find(({ vmKey }) => vmKey === lock.vmKey)?.holdId, lock.holdId)
  world.system.processes.end(owner)
  await restore(world)
  assert.equal(world.server.half, null)
})

/** Another run has been given the VM. */
async function given(world: World, lock: VmLock): Promise<VmLock> {
  const owner = world.system.processes.begin(4711)
  const other = { ...lock, holdId: 'OTHER', run: 'OTHER', owner }
  await world.catalog.unlockVm(lock.vmKey, lock.holdId)
  await world.catalog.lockVm(other)
  return other
}

test('recover leaves a run alone whose VM another one has, and takes it back when that has ended', async () => {
  const { world, lock } = await halfRestored()
  const other = await given(world, lock)
  const asked = world.asked.length
  const [left] = (await world.recover()).settled
  assert.partialDeepStrictEqual(left, { run: lock.run, outcome: 'under-way' })
  assert.match(left?.open[0] ?? '', /OTHER has the VM/)
  assert.deepEqual(world.asked.slice(asked), [])
  await world.catalog.unlockVm(other.vmKey, other.holdId)
  world.server.half = null
  const { settled } = await world.recover()
  assert.deepEqual(
    settled.map(({ outcome }) => outcome),
    ['recovered'],
  )
  assert.deepEqual(await world.catalog.locks(), [])
})

test('a process that died over the VM keeps nobody from taking back what a run left', async () => {
  const { world, lock } = await halfRestored()
  const other = await given(world, lock)
  world.system.processes.end(other.owner)
  world.server.half = null
  const [run] = (await world.recover()).settled
  assert.equal(run?.outcome, 'recovered')
})

test('a run of which nothing is half is settled, though its dump was removed since', async () => {
  const world = makeBackupWorld()
  const { ports, settings, signal } = world
  const safety = { repository: 'nas', vm: 'db1', id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' }
  const { uuid: machine } = await ports.hypervisor.findVm(settings.reference, { signal })
  const back = { safety, databases: ['shop'], users: false, run: '01ARZ3NDEKTSV4RRFFQ69G5FAW', held: true, machine }
  const helper = openHelper(ports, settings)
  assert.equal(await loadBack(ports, settings, helper, back, signal), 'nothing of it is half restored')
  world.server.half = { run: back.run, since: '', held: true, databases: ['shop'], loaded: null }
  assert.equal(await loadBack(ports, settings, helper, back, signal).catch(codeOf), 'half-restored')
  await helper.close()
})
