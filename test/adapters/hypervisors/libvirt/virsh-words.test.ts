import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandLine, quoteWord } from '../../../../adapters/hypervisors/libvirt/virsh-words.ts'
import { StillshotError } from '../../../../src/errors.ts'

test('a plain word is sent as it is', () => {
  assert.equal(
    commandLine(['dumpxml', 'db-1', '--inactive', '/var/lib/a.qcow2']),
    'dumpxml db-1 --inactive /var/lib/a.qcow2',
  )
})

test('what virsh’s parser would read is quoted', () => {
  assert.equal(quoteWord('a;destroy b'), "'a;destroy b'")
  assert.equal(quoteWord("it's"), `'it'"'"'s'`)
  assert.equal(quoteWord('back\\slash'), "'back\\slash'")
  assert.equal(quoteWord(''), "''")
})

test('control characters are refused, line ends and tabs first of all', () => {
  for (const word of ['a\nb', 'a\rb', 'a\tb', 'a\u0000b', 'a\u001bb', 'a\u007fb', 'a\u0085b', 'a\u2028b']) {
    assert.throws(
      () => quoteWord(word),
      (error) => error instanceof StillshotError && error.code === 'hypervisor-refused',
    )
  }
})
