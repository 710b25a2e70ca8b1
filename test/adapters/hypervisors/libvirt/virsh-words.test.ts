import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { byHand } from '../../../../adapters/hypervisors/libvirt/by-hand.ts'
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

test('what a person types where libvirt cannot revert by itself is taken by a shell as it is, up to what is for people', () => {
  const vm = { hypervisor: 'kvm', nativeId: 'db1', name: 'db1', uuid: '', power: 'off', macs: [], disks: [] } as const
  const words = byHand('qemu:///system', '9.0.0', vm, 'roll-back', 's1')
  const { stdout, stderr } = spawnSync('sh', ['-c', `virsh() { echo "$3 $4 $5"; }; ${words}`], { encoding: 'utf8' })
  assert.deepEqual([stderr, stdout], ['', 'destroy db1 \nsnapshot-dumpxml db1 s1\n'])
  assert.match(words, / # each SOURCE .*; then virsh -c qemu:\/\/\/system edit db1, /)
})

test('control characters are refused, line ends and tabs first of all', () => {
  for (const word of ['a\nb', 'a\rb', 'a\tb', 'a\u0000b', 'a\u001bb', 'a\u007fb', 'a\u0085b', 'a\u2028b']) {
    assert.throws(
      () => quoteWord(word),
      (error) => error instanceof StillshotError && error.code === 'hypervisor-refused',
    )
  }
})
