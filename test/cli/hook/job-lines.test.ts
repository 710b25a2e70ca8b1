import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { archiveName, gather, readJobLine } from '../../../src/cli/hook/job-lines.ts'
import { StillshotError } from '../../../src/errors.ts'

function told(...lines: readonly string[]) {
  return gather(lines.map(readJobLine))
}

describe('the lines of a backup', () => {
  test('give the disks that the archive will hold', () => {
    assert.deepEqual(told('include scsi0', 'exclude scsi1', 'include virtio12').disks, ['scsi0', 'virtio12'])
    assert.deepEqual(told('include scsi0', 'exclude scsi0').disks, [], 'what is left out in the end is not in it')
  })

  test('name the archive as Proxmox VE does', () => {
    const file = told('storage nas', 'archive /mnt/pve/nas/dump/vzdump-qemu-100-2026_11_27-02_30_00.vma.zst')
    assert.equal(archiveName(file), 'nas:backup/vzdump-qemu-100-2026_11_27-02_30_00.vma.zst')
    const server = told('storage pbs', 'archive vm/100/2026-11-27T01:30:00Z')
    assert.equal(archiveName(server), 'pbs:backup/vm/100/2026-11-27T01:30:00Z')
    assert.equal(archiveName(told('archive /root/x.vma')), '/root/x.vma')
    assert.equal(archiveName(told('storage nas')), undefined)
  })

  test('have the times of the host’s clock', () => {
    const { times } = told('held-at 2026-11-27 02:30:07', 'logged-at 2026-11-27 02:30:08')
    assert.deepEqual(times, { heldAt: '2026-11-27 02:30:07', loggedAt: '2026-11-27 02:30:08' })
  })

  const wrong = [
    '',
    'hold ',
    'Hold',
    'include',
    'include ../x',
    'include scsi0 scsi1',
    'storage -x',
    'archive -',
    'held-at now',
  ]
  for (const line of [
    ...wrong,
    'archive a b',
    "archive 'x'",
    'seen-at 2026-11-27T02:30:07Z',
    'sudo',
    'exclude scsi0;',
  ]) {
    test(`are refused when they are none: ${JSON.stringify(line)}`, () => {
      assert.throws(
        () => readJobLine(line),
        (thrown) => thrown instanceof StillshotError && thrown.code === 'usage',
      )
    })
  }

  test('any text is a line of the list or refused with a short message', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        try {
          const line = readJobLine(text)
          for (const word of Object.values(line)) assert.match(word, /^[\x20-\x7e]*$/)
        } catch (thrown) {
          assert.ok(thrown instanceof StillshotError)
          assert.ok(thrown.message.length < 800)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
