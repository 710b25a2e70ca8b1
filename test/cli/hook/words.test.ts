import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { concerns, type HookCall, readGate, readHookCall } from '../../../src/cli/hook/words.ts'
import { StillshotError } from '../../../src/errors.ts'

const RUN = '01JDABCDEFGHJKMNPQRSTVWXYZ'

function outcome<T>(work: () => T): T | string {
  try {
    return work()
  } catch (thrown) {
    assert.ok(thrown instanceof StillshotError, String(thrown))
    return thrown.code
  }
}

describe('the words of a phase', () => {
  test('are read as vzdump writes them', () => {
    assert.deepEqual(readHookCall(['job-start']), { phase: 'job-start', mode: '', vmid: '' })
    const start = { phase: 'backup-start', mode: 'snapshot', vmid: '100' }
    assert.deepEqual(readHookCall(['backup-start', 'snapshot', '100']), start)
    assert.deepEqual(readHookCall(['backup-end', 'stop', '999999999', RUN]).run, RUN)
  })

  test('of three phases concern us, with a mode and a guest', () => {
    const all = ['job-init', 'job-start', 'backup-start', 'pre-stop', 'pre-restart', 'post-restart', 'backup-end']
    const phases = [...all, 'backup-abort', 'log-end', 'job-end', 'job-abort']
    const concerning = phases.filter((phase) => concerns(readHookCall([phase, 'snapshot', '100'])))
    assert.deepEqual(concerning, ['backup-start', 'backup-end', 'backup-abort'])
    assert.equal(concerns(readHookCall(['backup-start'])), false)
  })

  const wrong = [
    [],
    [''],
    ['backup-start', 'snapshot'],
    ['backup-start', 'snapshot', '99'],
    ['backup-start', 'snapshot', '0100'],
    ['backup-start', 'snapshot', '100 '],
    ['backup-start', 'snapshot', '1e3'],
    ['backup-start', 'snapshot', '1234567890'],
    ['backup-start', 'snapshot', '１００'],
    ['backup-start', 'snapshot', '-100'],
    ['backup-start', 'Snapshot', '100'],
    ['--follow', 'snapshot', '100'],
    ['backup-end', 'snapshot', '100', '../../etc'],
    ['backup-end', 'snapshot', '100', RUN, 'more'],
    ['backup-start\n', 'snapshot', '100'],
  ]
  for (const words of wrong) {
    test(`are refused: ${JSON.stringify(words)}`, () =>
      assert.equal(
        outcome(() => readHookCall(words)),
        'usage',
      ))
  }
})

describe('the gate', () => {
  test('lets the hook through', () => {
    const call = { phase: 'backup-start', mode: 'snapshot', vmid: '100' }
    assert.deepEqual(readGate('hook vzdump backup-start snapshot 100'), call)
  })

  const wrong = [
    undefined,
    '',
    'sh',
    'hook',
    'hook vzdump',
    'hook gate pve',
    'hook install pve /etc/cron.d/x',
    'hook vzdump --hypervisor other backup-start snapshot 100',
    'hook vzdump backup-start snapshot 100 --hypervisor other',
    'hook vzdump backup-start snapshot 100;reboot',
    'hook vzdump backup-start snapshot 100 && reboot',
    'hook vzdump $(reboot) snapshot 100',
    'hook vzdump backup-start snapshot 100\nreboot',
    'hook  vzdump backup-start snapshot 100',
    'hook\tvzdump\tbackup-start\tsnapshot\t100',
    "'hook' 'vzdump' 'backup-start' 'snapshot' '100'",
    '-c /tmp/mine.yaml hook vzdump backup-start snapshot 100',
    'snapshot db1',
    'internal-sftp',
  ]
  for (const line of wrong) {
    test(`lets nothing else through: ${JSON.stringify(line)}`, () =>
      assert.equal(
        outcome(() => readGate(line)),
        'usage',
      ))
  }

  test('whatever is asked, it is refused with a code, or means the very guest that its words name', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'hook',
        'vzdump',
        'backup-start',
        'snapshot',
        '100',
        '101',
        RUN,
        ' ',
        '\n',
        "'",
        '"',
        '$(',
        ';',
        '--',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
    )
    const line = fc.oneof(
      fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join('')),
      fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join(' ')),
      piece.map((word) => `hook vzdump backup-start snapshot ${word}`),
    )
    fc.assert(
      fc.property(line, (text) => {
        const call = outcome(() => readGate(text))
        if (call === 'usage') return
        const { phase, mode, vmid, run } = call as HookCall
        const words = ['hook', 'vzdump', phase, mode, vmid, run].filter((word) => word !== undefined && word !== '')
        assert.equal(words.join(' '), text)
        assert.match(words.join(' '), /^[A-Za-z0-9 -]+$/)
      }),
      { numRuns: 2000 },
    )
  })
})
