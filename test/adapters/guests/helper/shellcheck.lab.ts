// runs beside other labs
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadHelper } from '../../../../adapters/guests/helper/helper-file.ts'
import { execute } from './sandbox.ts'

test('shellcheck finds nothing in the helper', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-shellcheck-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'stillshot-guest')
  await writeFile(path, (await loadHelper()).content)
  // SC2015: `a && b || c` is used where c may run in both cases.
  const { status, stdout } = await execute('shellcheck', ['-s', 'sh', '-e', 'SC2015', path])
  assert.equal(status, 0, stdout)
})

test('shellcheck finds nothing in what installs and removes the freeze hook', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-shellcheck-'))
  t.after(() => rm(folder, { recursive: true }))
  const { freezeHook } = await loadHelper()
  const given = 'PROFILE=mysql\nTTL=60000\nSTART=20000\nSELINUX=ask\n'
  await writeFile(join(folder, 'install.sh'), given + freezeHook?.install)
  await writeFile(join(folder, 'remove.sh'), String(freezeHook?.remove))
  const paths = ['install.sh', 'remove.sh'].map((name) => join(folder, name))
  const { status, stdout } = await execute('shellcheck', ['-s', 'sh', '-e', 'SC2015', ...paths])
  assert.equal(status, 0, stdout)
})
