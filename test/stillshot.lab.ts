// runs beside other labs
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { stillshotCommand } from './stillshot-command.ts'

const { stillshot, newHome } = stillshotCommand()

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
