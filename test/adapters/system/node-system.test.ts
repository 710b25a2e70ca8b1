import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { NodeClock } from '../../../adapters/system/node-clock.ts'
import { NodeFiles } from '../../../adapters/system/node-files.ts'
import { NodeProcesses, parseStat } from '../../../adapters/system/node-processes.ts'
import { nodeSystem } from '../../../adapters/system/node-system.ts'
import { testClock } from '../../conformance/clock.ts'
import { testFiles } from '../../conformance/files.ts'

const scratch = mkdtempSync(join(tmpdir(), 'stillshot-system-'))
after(() => rmSync(scratch, { recursive: true }))
const newFolder = () => mkdtempSync(join(scratch, 'folder-'))

testFiles({ name: 'node', open: async () => ({ files: new NodeFiles(), folder: newFolder() }) })
testClock({ name: 'node', open: () => new NodeClock() })

test('folders are made with mode 0700 and files with mode 0600', async () => {
  const folder = newFolder()
  const files = new NodeFiles()
  await files.makeFolder(join(folder, 'state/runs'))
  await (await files.openAppend(join(folder, 'state/runs/a'), { create: true })).close()
  const mode = (path: string) => statSync(join(folder, path)).mode & 0o777
  assert.deepEqual([mode('state'), mode('state/runs'), mode('state/runs/a')], [0o700, 0o700, 0o600])
})

test('replaceText() goes through no link that somebody put beside the file or in its place', async () => {
  const folder = newFolder()
  const victim = join(folder, 'victim')
  writeFileSync(victim, 'as before')
  for (const name of ['db1.md', `db1.md.${process.pid}.new`]) symlinkSync(victim, join(folder, name))
  await new NodeFiles().replaceText(join(folder, 'db1.md'), 'a runbook')
  assert.equal(readFileSync(victim, 'utf8'), 'as before')
  assert.equal(readFileSync(join(folder, 'db1.md'), 'utf8'), 'a runbook')
  assert.ok(lstatSync(join(folder, 'db1.md')).isFile())
})

test('this process is alive, the same number with another start time is dead', async () => {
  const processes = new NodeProcesses()
  const self = await processes.self()
  assert.equal(self.pid, process.pid)
  assert.equal(await processes.state(self), 'alive')
  assert.equal(await processes.state({ ...self, startTime: '1' }), 'dead')
})

test('a process of an earlier boot is dead, one of another host unknown', async () => {
  const processes = new NodeProcesses()
  const self = await processes.self()
  assert.equal(await processes.state({ ...self, bootId: 'earlier' }), 'dead')
  assert.equal(await processes.state({ ...self, host: 'elsewhere' }), 'unknown')
})

test('a process that ended is dead', async () => {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' })
  await once(child, 'exit')
  const processes = new NodeProcesses()
  assert.equal(await processes.state({ ...(await processes.self()), pid: child.pid ?? 0 }), 'dead')
})

test('the name of a command may hold parentheses and blanks', () => {
  const rest = Array.from({ length: 18 }, (_, index) => index).join(' ')
  assert.deepEqual(parseStat(`7 (a) Z b) S ${rest} 4242 0`), { startTime: '4242', running: true })
  assert.deepEqual(parseStat(`7 (a) Z ${rest} 4242 0`), { startTime: '4242', running: false })
  assert.equal(parseStat('7 (a) S 1'), undefined)
})

test('random bytes differ from call to call', () => {
  const { randomness } = nodeSystem()
  assert.notDeepEqual(randomness.bytes(16), randomness.bytes(16))
})
