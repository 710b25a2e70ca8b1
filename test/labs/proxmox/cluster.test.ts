import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ask, dataOf, tokenHeader } from './ask.ts'
import { MemoryMachine } from './machines/memory-machine.ts'
import { guestConfig, USER, withStandIn } from './under-test.ts'

type Fields = Record<string, unknown>

const TWO_NODES = { nodes: ['pve1', 'pve2'] }

describe('a cluster of the stand-in', () => {
  test('/cluster/resources shows what one may see; lock and node are fresh, power is as old as the figures', () =>
    withStandIn(
      async ({ standIn, ask, machine }) => {
        const guests = async () => dataOf<Fields[]>(await ask('GET /cluster/resources?type=vm'))
        const [first] = await guests()
        assert.deepEqual([first?.id, first?.vmid, first?.node, first?.status], ['qemu/100', 100, 'pve1', 'running'])
        await machine.stop()
        standIn.lock(100, 'backup')
        standIn.migrate(100, 'pve2')
        const [later] = await guests()
        assert.deepEqual([later?.node, later?.lock, later?.status], ['pve2', 'backup', 'running'])
        assert.deepEqual(dataOf(await ask('GET /cluster/resources?type=storage')), [])
        const named = dataOf<Fields[]>(await ask('GET /nodes'))
        assert.deepEqual(named.map(({ node, status, uptime }) => [node, status, uptime]).toSorted(), [
          ['pve1', 'online', undefined],
          ['pve2', 'online', undefined],
        ])
      },
      { ...TWO_NODES, times: { statisticsMs: 10_000 } },
    ))

  test('a call for another node is passed on; where the guest is not, its file does not exist', () =>
    withStandIn(async ({ standIn, ask }) => {
      standIn.addGuest({ vmid: 200, node: 'pve2', config: guestConfig(200), machine: new MemoryMachine([]) })
      assert.equal((await ask('GET /nodes/pve2/qemu/200/status/current')).status, 200)
      const wrong = await ask('GET /nodes/pve1/qemu/200/status/current')
      const text = "Configuration file 'nodes/pve1/qemu-server/200.conf' does not exist"
      assert.deepEqual([wrong.status, wrong.reason, wrong.json?.message], [500, text, `${text}\n`])
      const unknown = await ask('GET /nodes/pve9/qemu/200/status/current')
      assert.equal(unknown.status, 500)
      assert.match(unknown.reason, /^hostname lookup 'pve9' failed/)
    }, TWO_NODES))

  test('a node that is gone: 595 without a body from the others, and no connection to itself', () =>
    withStandIn(async ({ standIn, ask }) => {
      standIn.addGuest({ vmid: 200, node: 'pve2', config: guestConfig(200), machine: new MemoryMachine([]) })
      await standIn.nodeDown('pve2')
      const gone = await ask('GET /nodes/pve2/qemu/200/status/current')
      assert.deepEqual([gone.status, gone.reason, gone.text], [595, 'No route to host', ''])
      await assert.rejects(ask('GET /version', { node: 'pve2' }))
      await standIn.nodeUp('pve2')
      assert.equal((await ask('GET /version', { node: 'pve2' })).status, 200)
    }, TWO_NODES))

  test('rights: the missing privilege and its path are named; an unknown guest is 403 too, and 500 for who may all', () =>
    withStandIn(async ({ standIn, ask: askAsUser }) => {
      standIn.cluster.accounts.users.push({ user: 'one@pve' })
      standIn.cluster.accounts.tokens.push({ token: 'one@pve!t', secret: 's' })
      const headers = tokenHeader('one@pve!t', 's')
      const call = (text: string) => ask(standIn, text, { headers })
      standIn.grant('one@pve', '/vms/100', 'VM.Audit', 'VM.Snapshot')
      const own = await call('POST /nodes/pve1/qemu/100/snapshot?snapname=one')
      assert.deepEqual([own.status, own.reason], [403, 'Permission check failed (/vms/100, VM.Snapshot)'])
      standIn.grant('one@pve!t', '/vms/100', 'VM.Snapshot', 'VM.PowerMgmt')
      assert.equal((await call('POST /nodes/pve1/qemu/100/snapshot?snapname=one')).status, 200)
      const power = await call('POST /nodes/pve1/qemu/100/status/stop')
      assert.equal(power.json?.message, 'Permission check failed (/vms/100, VM.PowerMgmt)\n')
      const start = await call('POST /nodes/pve1/qemu/100/snapshot/one/rollback?start=1')
      assert.equal(start.json?.message, 'Permission check failed (/vms/100, VM.PowerMgmt)\n')
      const unknown = await call('POST /nodes/pve1/qemu/999/snapshot?snapname=one')
      assert.equal(unknown.json?.message, 'Permission check failed (/vms/999, VM.Snapshot)\n')
      assert.equal((await askAsUser('POST /nodes/pve1/qemu/999/snapshot?snapname=one')).status, 500)
      assert.deepEqual(dataOf(await call('GET /access/permissions')), { '/vms/100': { 'VM.Snapshot': 1 } })
      assert.deepEqual(dataOf(await call('GET /access/permissions?path=/storage/local')), { '/storage/local': {} })
    }))

  test('a rule on a longer path replaces what came from above', () =>
    withStandIn(async ({ standIn, guest }) => {
      standIn.grant(USER, '/vms/100', 'VM.Audit')
      assert.equal((await guest('GET /config')).status, 200)
      assert.equal((await guest('POST /status/stop')).status, 403)
    }))

  test('a pool counts for its guests', () =>
    withStandIn(async ({ standIn, ask }) => {
      standIn.addGuest({ vmid: 300, config: guestConfig(300), machine: new MemoryMachine([]), pool: 'db' })
      standIn.cluster.accounts.rules.length = 0
      standIn.grant(USER, '/pool/db', 'VM.Audit')
      assert.equal((await ask('GET /nodes/pve1/qemu/300/config')).status, 200)
      assert.equal((await ask('GET /nodes/pve1/qemu/100/config')).status, 403)
    }))

  test('storage: status with bytes, 403 without a right on it', () =>
    withStandIn(async ({ standIn, ask }) => {
      const call = 'GET /nodes/pve1/storage/local/status'
      assert.equal(
        (await ask(call)).json?.message,
        'Permission check failed (/storage/local, Datastore.Audit|Datastore.AllocateSpace)\n',
      )
      standIn.grant(USER, '/storage/local', 'Datastore.Audit')
      const { type, total, used, avail } = dataOf<Record<string, number | string>>(await ask(call))
      assert.equal(type, 'dir')
      assert.equal(total, Number(used) + Number(avail))
    }))

  test('containers: the same calls in their own words', () =>
    withStandIn(async ({ standIn, ask }) => {
      const config = { hostname: 'ct', rootfs: 'local:200/subvol-200-disk-0.qcow2,size=1G' }
      standIn.addGuest({ vmid: 200, kind: 'lxc', config, machine: new MemoryMachine(['rootfs']) })
      const upid = dataOf<string>(await ask('POST /nodes/pve1/lxc/200/snapshot?snapname=one'))
      assert.match(upid, /:vzsnapshot:200:/)
      await standIn.tasks()[0]?.ended
      standIn.lock(200, 'backup')
      await ask('DELETE /nodes/pve1/lxc/200/snapshot/one')
      await standIn.tasks('vzdelsnapshot')[0]?.ended
      assert.equal(standIn.tasks('vzdelsnapshot')[0]?.exitStatus, 'CT is locked (backup)')
      assert.equal((await ask('POST /nodes/pve1/lxc/200/agent/ping')).status, 501)
    }))
})
