import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StreamFacts } from '../../src/repository/manifest.ts'
import { openByHand, storedName } from '../../src/repository/stored-stream.ts'

const stream = (name: string, rest: Pick<StreamFacts, 'compression' | 'sealed'>) => ({ name, ...rest }) as StreamFacts
const file = { read: (name: string) => `< ${name}` }
const command = { read: (name: string) => `restic dump latest /${name}` }

test('a name ends as the usual programs end it', () => {
  assert.equal(storedName('databases.sql', { compression: 'zstd', sealed: 'age' }), 'databases.sql.zst.age')
  assert.equal(storedName('databases.sql', { compression: 'none' }), 'databases.sql')
})

test('a person opens a stream with the usual programs, one after the other', () => {
  assert.equal(openByHand(stream('a.sql', { compression: 'none' }), file), 'cat < a.sql')
  assert.equal(openByHand(stream('a.gz', { compression: 'gzip' }), file), 'gunzip -c < a.gz')
  assert.equal(
    openByHand(stream('a.zst.age', { compression: 'zstd', sealed: 'age' }), file),
    'age -d -i IDENTITY < a.zst.age | zstd -dc',
  )
  assert.equal(openByHand(stream('a.sql', { compression: 'none' }), command), 'restic dump latest /a.sql')
  assert.equal(openByHand(stream('a.gz', { compression: 'gzip' }), command), 'restic dump latest /a.gz | gunzip -c')
})
