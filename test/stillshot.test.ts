import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { BIN, stillshotCommand } from './stillshot-command.ts'

const { stillshot, newHome } = stillshotCommand()

test('--version prints the version of package.json and touches nothing', async () => {
  const home = newHome()
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
  assert.equal((await stillshot(['--version'], { HOME: home })).stdout, `${version}\n`)
  assert.deepEqual(readdirSync(home), [])
})

test('a command that cannot be loaded says so in one line, with --json in one document', async () => {
  const src = join(newHome(), 'src')
  mkdirSync(src)
  copyFileSync(BIN, join(src, 'stillshot.js'))
  writeFileSync(join(src, '../package.json'), '{ "type": "module", "version": "1.0.0" }')
  writeFileSync(join(src, 'main.ts'), "import './is-not-there.ts'\n")
  const ask = (...argv: string[]) => stillshot(argv, { HOME: newHome() }, join(src, 'stillshot.js'))
  const plain = await ask('list', '--', '--json')
  assert.deepEqual([plain.status, plain.stdout], [1, ''])
  assert.match(plain.stderr, /^stillshot cannot be loaded: [^\n]*is-not-there[^\n]*\n$/)
  const json = await ask('list', '--json')
  assert.equal(json.status, 1)
  assert.equal(JSON.parse(json.stdout).error.code, 'defect')
})

test('a phase of a backup that concerns nobody loads nothing, whatever else is broken', async () => {
  const src = join(newHome(), 'src')
  mkdirSync(src)
  copyFileSync(BIN, join(src, 'stillshot.js'))
  writeFileSync(join(src, '../package.json'), '{ "type": "module", "version": "1.0.0" }')
  const ask = (...argv: string[]) => stillshot(argv, { HOME: newHome() }, join(src, 'stillshot.js'))
  const own = ['--config', 'x.yaml', 'hook', 'vzdump', '--hypervisor', 'pve']
  for (const phase of [
    'job-init',
    'job-start',
    'pre-stop',
    'pre-restart',
    'post-restart',
    'log-end',
    'job-end',
    'job-abort',
  ]) {
    assert.deepEqual(await ask(...own, phase, 'snapshot', '100'), { status: 0, stdout: '', stderr: '' })
  }
  for (const phase of ['backup-start', 'backup-end', 'backup-abort']) {
    assert.equal((await ask(...own, phase, 'snapshot', '100')).status, 1, 'it wants to load the rest')
  }
})

test('the first file is of a form that Node 16 can read', () => {
  const text = readFileSync(BIN, 'utf8')
  assert.doesNotMatch(
    text,
    /^import (?!\{ (lstatSync|join)|\* as nodeModule)/m,
    'only what old versions have is imported',
  )
  assert.doesNotMatch(text, /^\s*(await|using) |\busing \w+ =|\.(at|findLast|toSorted|hasOwn)\(|import type/m)
})
