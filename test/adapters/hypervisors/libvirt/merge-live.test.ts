import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { mergeLive } from '../../../../adapters/hypervisors/libvirt/merge-live.ts'
import { StillshotError } from '../../../../src/errors.ts'
import { rejectsWith } from '../../../conformance/hypervisor/under-test.ts'
import { domainXml, fakeHost, VM } from './fake-session.ts'

const MERGE = { target: 'vda', base: '/base', top: '/top' }
const CALLED_OFF = 'blockjob u1 vda --abort --async'
const lost = new StillshotError('answer-lost', 'cancelled')

describe('a live merge that does not come to its end', () => {
  for (const [where, at] of [
    ['start', 'blockcommit'],
    ['switch', 'blockjob u1 vda --pivot'],
  ] as const) {
    test(`is called off when its ${where} gets no answer`, async () => {
      const { host, sent } = fakeHost(answers(at))
      await rejectsWith('answer-lost', mergeLive(host, VM, MERGE))
      assert.equal(sent.at(-1), CALLED_OFF)
    })
  }

  test('is called off when a look at it gets no answer', async () => {
    let looks = 0
    const { host, sent } = fakeHost((command) => {
      if (command.startsWith('dumpxml')) looks += 1
      if (looks === 2) throw lost
      return command.startsWith('dumpxml') ? domainXml(['/top', '/base']) : ''
    })
    await rejectsWith('answer-lost', mergeLive(host, VM, MERGE))
    assert.equal(sent.at(-1), CALLED_OFF)
  })

  test('is not called off before anything was begun: the job may be somebody else’s', async () => {
    const { host, sent } = fakeHost(() => {
      throw lost
    })
    await rejectsWith('answer-lost', mergeLive(host, VM, MERGE))
    assert.ok(!sent.includes(CALLED_OFF))
  })
})

/** Virsh's answers up to the command that gets none. */
function answers(last: string) {
  let started = false
  return (command: string) => {
    if (command.startsWith(last)) throw lost
    if (command.startsWith('blockcommit')) started = true
    const elements = started ? "<mirror ready='yes'/>" : ''
    return command.startsWith('dumpxml') ? domainXml(['/top', '/base'], { elements }) : ''
  }
}
