// runs beside other labs
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { canBeSent, commandLine } from '../../adapters/hypervisors/libvirt/virsh-words.ts'
import { NASTY, name } from './nasty-names.ts'

/** Lines for one virsh of its own, which talks to libvirt's driver for tests: no daemon, no VM. */
function virsh(lines: readonly string[]): string {
  const environment = { ...process.env, LC_ALL: 'C.UTF-8' }
  const words = ['-q', '-c', 'test:///default']
  const { stdout, stderr, error } = spawnSync('virsh', words, {
    input: lines.join('\n'),
    env: environment,
    encoding: 'utf8',
  })
  assert.equal(error, undefined)
  assert.equal(stderr, '', stderr)
  return stdout
}

describe('words for a real virsh', () => {
  test('arrive as they are: round trip through its echo', () => {
    const words = fc.array(
      name.filter((text) => canBeSent(text) && text.isWellFormed()),
      { maxLength: 80 },
    )
    fc.assert(
      fc.property(words, (all) => {
        const sent = ['~', ...NASTY, ...all]
        const out = virsh(sent.map((text) => `echo ${commandLine(['--', `<${text}>`])}`))
        // It echoes what it reads, too: what it says stands on the lines between.
        for (const text of sent) assert.ok(out.includes(`\n<${text}>`), `${JSON.stringify(text)} in ${out}`)
      }),
      { numRuns: 10 },
    )
  })

  test('a snapshot whose name begins with dashes is named, never an option', () => {
    for (const text of ['--inactive', '--x', '-x', '--', "--it's", '--a;b']) {
      const out = virsh([
        commandLine(['snapshot-create-as', 'test', '--', text]),
        commandLine(['snapshot-dumpxml', 'test', '--security-info', '--', text]),
      ])
      assert.match(out, /<domainsnapshot>/)
      assert.ok(out.includes(`<name>${text.replaceAll("'", '&apos;')}</name>`), out)
    }
  })
})
