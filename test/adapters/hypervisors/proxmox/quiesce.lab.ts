// runs beside other labs
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Finding } from '../../../../src/finding.ts'
import type { Snapshot } from '../../../../src/hypervisor/hypervisor.ts'
import { RELEASE_8 } from '../../../labs/proxmox/release.ts'
import { type OpenedProxmox, type OpenOptions, withProxmox } from './open-proxmox.ts'

const AGENT: OpenOptions = {
  config: { agent: '1' },
  privileges: ['VM.Audit', 'VM.Snapshot', 'VM.GuestAgent.Audit', 'VM.GuestAgent.FileSystemMgmt'],
}

function take({ hypervisor, vm }: OpenedProxmox, name = 's1'): Promise<Snapshot> {
  return hypervisor.createSnapshot(vm, { name, description: 'd', quiesce: true })
}

async function refusals({ hypervisor, vm }: OpenedProxmox): Promise<readonly Finding[]> {
  const findings = await hypervisor.checkSnapshot(vm, { quiesce: true })
  return findings.filter(({ severity }) => severity === 'refuse')
}

describe('a quiesced snapshot on Proxmox VE', () => {
  test('a guest whose agent freezes, with no privilege but VM.Audit and VM.Snapshot for it', () =>
    withProxmox({ config: { agent: '1' } }, async (opened) => {
      opened.machine.agent = 'running'
      const { quiesced, warnings } = await take(opened)
      assert.deepEqual([quiesced, warnings, opened.machine.frozen], [true, undefined, false])
    }))

  test('the task ends with OK where nothing was frozen: its log tells, and why', () =>
    withProxmox(AGENT, async (opened) => {
      const { config } = opened.standIn.guest(100)
      const told = async (name: string) => {
        const { quiesced, warnings } = await take(opened, name)
        return [quiesced, warnings?.join()]
      }
      const skipped = 'skipping guest filesystem freeze - '
      assert.deepEqual(await told('dead'), [false, `${skipped}agent configured but not running?`])
      config.agent = '1,freeze-fs=0'
      opened.machine.agent = 'running'
      assert.deepEqual(await told('off'), [false, `${skipped}disabled in VM options`])
      config.agent = '1'
      opened.machine.frozen = true
      assert.deepEqual(await told('frozen'), [false, `${skipped}already frozen`])
      assert.equal(opened.machine.frozen, true, 'who froze it thaws it')
    }))

  test('a freeze that the guest refuses is not known to be none', () =>
    withProxmox(AGENT, async (opened) => {
      opened.machine.agent = 'refuses-to-freeze'
      const { quiesced, warnings } = await take(opened)
      assert.equal(quiesced, undefined)
      assert.match(warnings?.join() ?? '', /hook has failed/)
    }))

  test('a guest that the task could not thaw is thawed, or the call fails', () =>
    withProxmox(AGENT, async (opened) => {
      const { machine, standIn } = opened
      machine.agent = 'running'
      standIn.fault({ kind: 'slow', task: 'qmsnapshot', point: 'resumed', ms: 200 })
      const ending = take(opened)
      while (!machine.frozen) await new Promise(setImmediate)
      machine.agent = 'refuses-to-thaw'
      const log = () => standIn.tasks('qmsnapshot').at(-1)?.lines.join() ?? ''
      while (!log().includes('thaw problems')) await new Promise(setImmediate)
      machine.agent = 'running'
      const { quiesced, warnings } = await ending
      assert.deepEqual([quiesced, machine.frozen], [undefined, false])
      assert.match(warnings?.join() ?? '', /thaw problems/)
      machine.agent = 'refuses-to-thaw'
      await assert.rejects(take(opened, 's2'), { code: 'hypervisor-refused', message: /thaw db1: failed to thaw/ })
    }))

  test('a release that does not log it proves nothing', () =>
    withProxmox(
      { config: { agent: '1' }, release: RELEASE_8, privileges: ['VM.Audit', 'VM.Snapshot', 'VM.Monitor'] },
      async (opened) => {
        opened.machine.agent = 'running'
        const { quiesced, warnings } = await take(opened)
        assert.deepEqual([quiesced, warnings], [undefined, ['Proxmox VE 8.4.1 does not log a freeze']])
        const findings = await opened.hypervisor.checkSnapshot(opened.vm, { quiesce: true })
        assert.ok(findings.some(({ code, severity }) => code === 'freeze-unseen' && severity === 'warn'))
      },
    ))

  test('after a lost answer nobody knows', () =>
    withProxmox(AGENT, async (opened) => {
      opened.machine.agent = 'running'
      opened.standIn.fault({ kind: 'lose', call: '^POST .*/snapshot$', when: 'after' })
      const { quiesced, complete } = await take(opened)
      assert.deepEqual([quiesced, complete], [undefined, true])
    }))

  test('the look before refuses credentials that may not ask the agent, or not thaw', () =>
    withProxmox({ config: { agent: '1' } }, async (opened) => {
      opened.machine.agent = 'running'
      const codes = async () => (await refusals(opened)).map(({ message }) => message)
      const [asks, thaws] = await codes()
      assert.match(
        `${asks}; ${thaws}`,
        /cannot be asked whether.*VM.GuestAgent.FileSystemMgmt on \/vms\/100 is missing/,
      )
      opened.standIn.grant('stillshot@pve', '/vms', 'VM.Audit', 'VM.Snapshot', 'VM.GuestAgent.Unrestricted')
      assert.deepEqual(await codes(), [])
    }))

  test('the look before refuses an agent that is off, told not to freeze, or silent, and says what to type', () =>
    withProxmox(AGENT, async (opened) => {
      const { config } = opened.standIn.guest(100)
      assert.match((await refusals(opened))[0]?.message ?? '', /does not answer, so nothing can be frozen/)
      opened.machine.agent = 'running'
      assert.deepEqual(await refusals(opened), [])
      config.agent = '1,freeze-fs=0'
      assert.match((await refusals(opened))[0]?.message ?? '', /freeze-fs/)
      delete config.agent
      const [off] = await refusals(opened)
      assert.match(`${off?.message}; ${off?.hint}`, /not enabled; `qm set 100 --agent 1`/)
    }))
})
