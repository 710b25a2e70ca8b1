import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { NodeHost } from '../../../adapters/system/node-host.ts'

const scratch = mkdtempSync(join(tmpdir(), 'stillshot-host-'))
after(() => rmSync(scratch, { recursive: true }))
const host = new NodeHost()

test('a file comes with its owner and mode, links followed', async () => {
  writeFileSync(join(scratch, 'real'), 'text', { mode: 0o640 })
  symlinkSync('real', join(scratch, 'link'))
  const file = await host.readFile(join(scratch, 'link'))
  assert.deepEqual(file, {
    facts: { kind: 'file', ownerId: process.getuid?.(), mode: 0o640 },
    text: 'text',
    realPath: join(scratch, 'real'),
  })
})

test('a missing file is undefined, a folder has no text, a pipe does not block', async () => {
  assert.equal(await host.readFile(join(scratch, 'none')), undefined)
  assert.equal((await host.readFile(scratch))?.facts.kind, 'folder')
  execFileSync('mkfifo', [join(scratch, 'pipe')])
  assert.equal((await host.readFile(join(scratch, 'pipe')))?.facts.kind, 'other')
})

test('a file that is too large is refused', async () => {
  writeFileSync(join(scratch, 'large'), Buffer.alloc(1024 * 1024 + 1))
  await assert.rejects(host.readFile(join(scratch, 'large')), /larger than/)
})

test('a command runs without a shell and its exit status is told', async () => {
  assert.deepEqual(await host.run(['printf', '%s', '$HOME;x'], { timeoutMs: 5000 }), {
    exitStatus: 0,
    stdout: '$HOME;x',
  })
  assert.equal((await host.run(['sh', '-c', 'echo no; exit 3'], { timeoutMs: 5000 })).exitStatus, 3)
})

test('a command that cannot be started or does not end rejects without its arguments', async () => {
  await assert.rejects(
    host.run(['/none/such', 'canary'], { timeoutMs: 5000 }),
    (error: Error) => !error.message.includes('canary'),
  )
  await assert.rejects(host.run(['sleep', '60'], { timeoutMs: 20 }), /not finished after 20 ms/)
})
