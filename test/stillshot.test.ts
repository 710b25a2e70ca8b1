import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'

const BIN = join(import.meta.dirname, '../src/stillshot.js')
const scratch = mkdtempSync(join(tmpdir(), 'stillshot-bin-'))
after(() => rmSync(scratch, { recursive: true }))

/** Runs the real command in a home of its own. */
async function stillshot(argv: readonly string[], environment: Record<string, string>, bin = BIN) {
  const env = { PATH: process.env.PATH, ...environment }
  const ran = promisify(execFile)(process.execPath, [bin, ...argv], { cwd: scratch, env })
  return ran.then(
    ({ stdout, stderr }) => ({ status: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ status: code as number, stdout: String(stdout), stderr: String(stderr) }),
  )
}

function newHome(): string {
  return mkdtempSync(join(scratch, 'home-'))
}

test('--version prints the version of package.json and touches nothing', async () => {
  const home = newHome()
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
  assert.equal((await stillshot(['--version'], { HOME: home })).stdout, `${version}\n`)
  assert.deepEqual(readdirSync(home), [])
})

test('the compile cache lies in a folder of the user alone', async () => {
  const home = newHome()
  const { status, stdout } = await stillshot(['config', 'schema', '--json'], { HOME: home })
  assert.equal(status, 0)
  assert.equal(JSON.parse(stdout).command, 'config schema')
  assert.equal(statSync(join(home, '.cache/stillshot')).mode & 0o777, 0o700)
  assert.ok(readdirSync(join(home, '.cache/stillshot')).length > 0)
})

test('a folder that others can write, or a link, is not used for the cache', async () => {
  const home = newHome()
  mkdirSync(join(home, 'open'))
  chmodSync(join(home, 'open'), 0o777)
  await stillshot(['config', 'schema'], { XDG_CACHE_HOME: join(home, 'open') })
  assert.deepEqual(readdirSync(join(home, 'open')), [])
  mkdirSync(join(home, 'cache'))
  mkdirSync(join(home, 'target'))
  symlinkSync('../target', join(home, 'cache/stillshot'))
  await stillshot(['config', 'schema'], { XDG_CACHE_HOME: join(home, 'cache') })
  assert.deepEqual(readdirSync(join(home, 'target')), [])
})

test('without a configuration the exit status is that of the table, and the way out is shown', async () => {
  const { status, stdout, stderr } = await stillshot(['snapshot', 'db1'], { HOME: newHome() })
  assert.deepEqual([status, stdout], [10, ''])
  assert.match(stderr, /there is no configuration[\s\S]*stillshot init/)
})

test('commands that only look make no state directory', async () => {
  const home = newHome()
  const config = join(home, 'stillshot.yaml')
  const text = `hypervisors: { kvm: { kind: libvirt } }
ssh: { key: id_ed25519 }
vms: { db1: { hypervisor: kvm, id: db1, ssh: { host: 127.0.0.1, port: 1 } } }
state: { directory: state }
`
  writeFileSync(config, text, { mode: 0o600 })
  // Without virsh on the PATH nothing is reached; the catalog is opened before that is known.
  const ask = (...argv: string[]) => stillshot([...argv, '--json', '--config', config], { HOME: home, PATH: home })
  const [checked, listed] = await Promise.all([ask('check', 'db1'), ask('list')])
  assert.notEqual(checked.status, 0)
  assert.equal(JSON.parse(checked.stdout).reports[0].vm, 'db1', checked.stdout)
  assert.deepEqual(JSON.parse(listed.stdout).points, [])
  assert.deepEqual(readdirSync(home).sort(), ['.cache', 'stillshot.yaml'])
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

test('the first file is of a form that Node 16 can read', () => {
  const text = readFileSync(BIN, 'utf8')
  assert.doesNotMatch(
    text,
    /^import (?!\{ (lstatSync|join)|\* as nodeModule)/m,
    'only what old versions have is imported',
  )
  assert.doesNotMatch(text, /^\s*(await|using) |\busing \w+ =|\.(at|findLast|toSorted|hasOwn)\(|import type/m)
})
