import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkVm } from '../../src/coordinator/check-vm.ts'
import { keptCopies } from '../../src/coordinator/kept-copies.ts'
import { removeCopy } from '../../src/coordinator/remove-copy.ts'
import { restoreAs } from '../../src/coordinator/restore-as.ts'
import { makeWorld } from '../world/world.ts'

const signal = () => new AbortController().signal

test('what is kept is found without the catalog and without its VM', async () => {
  const world = makeWorld({}, { agent: true })
  await world.snapshot()
  const order = { as: 'rescue', dryRun: false, signal: signal() }
  const { copy } = await restoreAs(world.ports, world.settings, order)
  const list = (points: readonly never[], reference: string) =>
    keptCopies(world.hypervisor, {
      catalog: { points: async () => points },
      vms: [{ name: 'shop', reference }],
      signal: signal(),
    })
  const [found] = await list([], 'db1')
  assert.deepEqual([found?.name, found?.vm, found?.source, found?.id], ['rescue', 'shop', 'db1', copy?.id])
  assert.match(found?.createdAt ?? '', /^\d{4}-\d\d-\d\dT/)
  assert.deepEqual(
    (await list([], 'gone')).map(({ vm }) => vm),
    [null],
  )
  const known = await keptCopies(world.hypervisor, { catalog: world.catalog, vms: [], signal: signal() })
  assert.deepEqual(
    known.map(({ vm }) => vm),
    ['db1'],
  )
})

test('a copy is not shown as one of the VM that has the native id of its own by now', async () => {
  const world = makeWorld({}, { agent: true })
  await world.snapshot()
  await restoreAs(world.ports, world.settings, { as: 'rescue', dryRun: false, signal: signal() })
  const another = 'deadbeef-0000-4000-8000-000000000001'
  const findVm = world.hypervisor.findVm.bind(world.hypervisor)
  world.hypervisor.findVm = async (...given) => ({ ...(await findVm(...given)), uuid: another })
  const vms = [{ name: 'shop', reference: 'db1' }]
  const listed = (catalog: Pick<typeof world.catalog, 'points'>) =>
    keptCopies(world.hypervisor, { catalog, vms, signal: signal() })
  const names = async (catalog: Pick<typeof world.catalog, 'points'>) => (await listed(catalog)).map(({ vm }) => vm)
  assert.deepEqual(await names({ points: async () => [] }), [null])
  assert.deepEqual(await names(world.catalog), ['db1'])
  const order = { name: 'rescue', dryRun: false, signal: signal() }
  assert.equal((await removeCopy(world.ports, world.settings, order)).removed, true, 'its way out')
})

test('check names the disks that cannot be copied, before there is a point, and once', async () => {
  const world = makeWorld({}, { agent: true })
  const refusal = {
    severity: 'refuse',
    code: 'no-copy',
    message: 'scsi0 lies on tank (ZFS)',
    hint: 'move scsi0',
  } as const
  Object.assign(world.hypervisor.clones, { checkStorage: async () => [refusal] })
  const told = async () =>
    (await checkVm(world.ports, world.settings, { signal: signal() })).findings.filter(
      ({ code }) => code === 'no-drill',
    )
  const warning = {
    severity: 'warn',
    code: 'no-drill',
    message: 'scsi0 lies on tank (ZFS) (no-copy)',
    hint: 'move scsi0',
  }
  assert.deepEqual(await told(), [warning])
  await world.snapshot()
  Object.assign(world.hypervisor.clones, { check: async () => [refusal] })
  assert.deepEqual(await told(), [warning])
})
