import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32c } from '../../../../adapters/applications/mysql/crc32c.ts'
import { judgeRedo } from '../../../../adapters/applications/mysql/redo-log.ts'
import { findVersion } from '../../../../adapters/applications/mysql/versions.ts'
import { readRecording } from '../../../recordings/read-recordings.ts'

for (const server of ['mariadb-10.5', 'mysql-9.7']) {
  const { stop, server: recorded } = readRecording(server, 'clean-fast-shutdown-1')
  const redo = stop.redo!
  const format = findVersion(recorded.version)!.known!.redo
  const judge = (changes: Partial<typeof redo>, files = stop.files) => judgeRedo(format, { ...redo, ...changes }, files)
  const tailWith = (change: (block: Buffer) => void) => {
    const block = Buffer.from(redo.tail!.hex, 'hex')
    change(block)
    return { tail: { ...redo.tail!, hex: block.toString('hex') } }
  }

  describe(`redo of ${server}`, () => {
    test('the last clean stop is enough where the block was not read', () => {
      assert.equal(judge({}).code, 'redo-closed')
      assert.equal(judge({ tail: null }).code, 'redo-closed')
    })

    test('another LSN in the system tablespace means writes after the last clean stop', () => {
      const moved = stop.files.map((file) => {
        const head = Buffer.from(file.headHex, 'hex')
        if (head.length >= 34) head.writeBigUInt64BE(head.readBigUInt64BE(26) - 12n, 26)
        return { ...file, headHex: head.toString('hex') }
      })
      assert.equal(judge({}, moved).code, 'redo-not-closed')
      assert.equal(judge({}, []).code, 'flushed-lsn-missing')
    })

    test('a damaged block, or one of another place, is not judged', () => {
      assert.equal(
        judge(tailWith((block) => block.writeUInt16BE(block.readUInt16BE(4) + 12, 4))).code,
        'redo-unreadable',
      )
      assert.equal(
        judge(tailWith((block) => block.writeUInt32BE(block.readUInt32BE(0) + 1, 0))).code,
        'redo-unreadable',
      )
      assert.equal(judge(tailWith((block) => block.fill(0))).code, 'redo-unreadable')
      assert.equal(judge({ tail: { ...redo.tail!, hex: redo.tail!.hex.slice(0, 200) } }).code, 'redo-tail-short')
    })

    test('a block that the server filled beyond the checkpoint is not closed', () => {
      const further = tailWith((block) => {
        block.writeUInt16BE(block.readUInt16BE(4) + 12, 4)
        block.writeUInt32BE(crc32c(block.subarray(0, 508)), 508)
      })
      assert.equal(judge(further).code, 'redo-not-closed')
    })

    test('no checkpoint in the file in use is not closed', () => {
      assert.equal(judge({ checkpoints: [] }).code, 'redo-not-closed')
      const empty = redo.checkpoints.map(({ offset }) => ({ offset, hex: '00'.repeat(64) }))
      assert.equal(judge({ checkpoints: empty }).code, 'redo-not-closed')
    })
  })
}

test('an older file of several than the newest is not judged', () => {
  const { stop, server } = readRecording('mysql-9.7', 'clean-fast-shutdown-1')
  const format = findVersion(server.version)!.known!.redo
  const names = [...stop.redo!.names, { name: '#ib_redo9999', sizeBytes: 262144 }]
  assert.equal(judgeRedo(format, { ...stop.redo!, names }, stop.files).code, 'redo-file-not-newest')
  const spare = [...stop.redo!.names, { name: '#ib_redo9999_tmp', sizeBytes: 262144 }]
  assert.equal(judgeRedo(format, { ...stop.redo!, names: spare }, stop.files).code, 'redo-closed')
})
