// runs beside other labs
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { StillshotError } from '../../../../src/errors.ts'
import { rejectsWith } from '../../../conformance/hypervisor/under-test.ts'
import { PASSWORD, type Simulator } from '../../../labs/vsphere/simulator.ts'
import { FACTS, INSTANCE_UUID, PLACED, withVsphere } from './open-vsphere.ts'

const SESSION = '/com/vmware/cis/session'
const TAGS = 'GET /com/vmware/cis/tagging/tag'

/** Sessions at the REST API: begun, and ended. */
async function restSessions(simulator: Simulator): Promise<readonly [number, number]> {
  const { calls } = await simulator.state()
  return [calls[`POST ${SESSION}`] ?? 0, calls[`DELETE ${SESSION}`] ?? 0]
}

describe('the list of VMs of vSphere', () => {
  test('VMs without tags, in no folder and no cluster of their own; templates are no VMs', () =>
    withVsphere({ spec: PLACED }, async ({ simulator, hypervisor }) => {
      await simulator.set({ vm: 'twin', template: true })
      const [db1, twin, ...more] = (await hypervisor.listVms()).toSorted((a, b) => (a.name < b.name ? -1 : 1))
      assert.deepEqual([db1?.nativeId, db1?.folder, more.length], [INSTANCE_UUID, FACTS.folder, 0])
      const { nativeId: _, uuid: __, ...rest } = twin ?? assert.fail()
      assert.deepEqual(rest, {
        name: 'twin',
        tags: [],
        visibleTags: FACTS.visibleTags,
        folder: '/DC0/vm',
        node: 'DC0_H0',
      })
    }))

  test('the session at the REST API is ended, also after a failure', () =>
    withVsphere({ spec: PLACED }, async ({ simulator, hypervisor }) => {
      await hypervisor.listVms()
      assert.deepEqual(await restSessions(simulator), [1, 1])
      await simulator.rule({ method: TAGS, status: 403, fault: 'Tag access is denied.' })
      await assert.rejects(hypervisor.listVms(), (error) => {
        assert.ok(error instanceof StillshotError)
        assert.equal(error.code, 'hypervisor-refused')
        assert.match(error.message, /^read the tags of vc: .* status 403: Tag access is denied\.$/)
        return true
      })
      assert.deepEqual(await restSessions(simulator), [2, 2])
    }))

  test('a service that starts is unreachable, and no VM is listed without its tags', () =>
    withVsphere({}, async ({ simulator, hypervisor }) => {
      await simulator.rule({ method: `POST ${SESSION}`, status: 503 })
      await rejectsWith('hypervisor-unreachable', hypervisor.listVms())
      await simulator.rule({ method: TAGS, status: 404 })
      await rejectsWith('hypervisor-refused', hypervisor.listVms())
    }))

  test('a connection that breaks once is no failure', () =>
    withVsphere({ spec: PLACED }, async ({ simulator, hypervisor }) => {
      await simulator.rule({ method: TAGS, where: 'before' })
      const db1 = (await hypervisor.listVms()).find(({ nativeId }) => nativeId === INSTANCE_UUID)
      assert.deepEqual(db1?.tags.toSorted(), FACTS.tags)
      await simulator.rule({ method: TAGS, where: 'before', times: 2 })
      await rejectsWith('hypervisor-unreachable', hypervisor.listVms())
    }))

  test('a user whom the REST API does not know is told, without the password', () =>
    withVsphere({}, async ({ simulator, hypervisor }) => {
      await simulator.rule({ method: `POST ${SESSION}`, status: 401, fault: 'Authentication required.' })
      await assert.rejects(hypervisor.listVms(), (error) => {
        assert.ok(error instanceof StillshotError)
        assert.equal(error.code, 'hypervisor-refused')
        assert.match(error.message, /log in as stillshot@vsphere\.local: .* 401: Authentication required\.$/)
        assert.match(error.hint, /single sign-on/)
        assert.ok(!JSON.stringify([error.message, error.hint, error.details]).includes(PASSWORD))
        return true
      })
    }))

  test('an answer that does not come in time ends with the call', () =>
    withVsphere({}, async ({ simulator, hypervisor }) => {
      await simulator.rule({ method: TAGS, delayMs: 1_500 })
      await rejectsWith('hypervisor-unreachable', hypervisor.listVms({ timeoutMs: 300 }))
    }))

  test('a single ESXi host has no tags and no REST API, and is not asked for them', () =>
    withVsphere({ esx: true }, async ({ simulator, hypervisor }) => {
      const db1 = (await hypervisor.listVms()).find(({ nativeId }) => nativeId === INSTANCE_UUID)
      assert.deepEqual([db1?.tags, db1?.visibleTags, db1?.folder], [[], undefined, '/ha-datacenter/vm'])
      assert.equal(db1?.cluster, undefined)
      assert.deepEqual(await restSessions(simulator), [0, 0])
    }))
})
