import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { run } from './fake-app.ts'

const scratch = mkdtempSync(join(tmpdir(), 'stillshot-completion-'))
after(() => rmSync(scratch, { recursive: true }))

before(async () => {
  writeFileSync(join(scratch, 'completion'), (await run(['completion', 'bash'])).out)
  writeFileSync(join(scratch, 'stillshot'), '#!/bin/sh\n[ "$*" = complete-vms ] && printf "db1\\ndb2\\n"\n')
  chmodSync(join(scratch, 'stillshot'), 0o755)
})

/** What bash offers after these words, the last of them being typed. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const script = `. "$0"; COMP_WORDS=(stillshot "$@"); COMP_CWORD=$#; _stillshot; printf '%s\\n' "\${COMPREPLY[@]}"`
  const env = { PATH: `${scratch}:/usr/bin:/bin` }
  const { stdout } = await promisify(execFile)('bash', ['-c', script, join(scratch, 'completion'), ...words], { env })
  return stdout.split('\n').filter((word) => word !== '')
}

test('bash completes commands, subcommands, options and the VMs of the configuration', async () => {
  assert.deepEqual(await offered('sn'), ['snapshot'])
  assert.deepEqual(await offered('guest', 'in'), ['install'])
  assert.deepEqual(await offered('snapshot', '--dr'), ['--dry-run'])
  assert.deepEqual(await offered('snapshot', '--note', 'x', 'db'), ['db1', 'db2'])
  assert.deepEqual(await offered('guest', 'status', 'db'), ['db1', 'db2'])
  assert.deepEqual((await offered('completion', '')).slice(0, 2), ['bash', 'zsh'])
  assert.deepEqual(await offered('list', '--config', join(scratch, 'comp')), [join(scratch, 'completion')])
})

test('every visible command and option is in both scripts', async () => {
  for (const shell of ['bash', 'zsh']) {
    const { out } = await run(['completion', shell])
    for (const word of ['init', 'restore', 'config validate', '--no-safety-snapshot', '--forced-command', '--json']) {
      assert.ok(out.includes(word), `${word} in ${shell}`)
    }
    assert.equal(out.split('complete-vms').length, 2, 'asked once, never offered')
  }
})

test('complete-vms prints names, and nothing without a good configuration', async () => {
  assert.equal((await run(['complete-vms'])).out, 'db1\ndb2\nlocked\n')
  const bad = await run(['complete-vms'], { config: 'nonsense' })
  assert.deepEqual([bad.status, bad.out, bad.err], [0, '', ''])
})
