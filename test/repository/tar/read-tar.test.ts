import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, link, mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { StillshotError } from '../../../src/errors.ts'
import { contentSum } from '../../../src/repository/tar/content-sum.ts'
import { onlyMembers } from '../../../src/repository/tar/only-members.ts'
import { readTar } from '../../../src/repository/tar/read-tar.ts'
import { gnuTar, pieces } from './gnu-tar.ts'

let folder: string
let archive: Buffer
const LONG = `${'long/'.repeat(60)}name`
const ODD = Buffer.from([0x6f, 0x64, 0x64, 0xff])

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stillshot-tar-'))
  await mkdir(join(folder, 'site', LONG.slice(0, -5)), { recursive: true })
  await writeFile(join(folder, 'site', LONG), 'far away')
  await writeFile(join(folder, 'site/a'), 'content of a')
  await chmod(join(folder, 'site/a'), 0o640)
  await writeFile(join(folder, 'site/new\nline'), '')
  await writeFile(Buffer.concat([Buffer.from(`${folder}/site/`), ODD]), 'odd')
  await symlink('../elsewhere', join(folder, 'site/link'))
  await link(join(folder, 'site/a'), join(folder, 'site/second'))
  const sparse = await open(join(folder, 'site/sparse'), 'w')
  await sparse.write('data', 4096 * 10)
  await sparse.truncate(4096 * 100)
  await sparse.close()
  archive = await gnuTar(folder, 'site')
})
after(() => rm(folder, { recursive: true, force: true }))

const isDamaged = (says: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StillshotError)
  assert.deepEqual([error.code, says.test(error.message)], ['backup-damaged', true], error.message)
  return true
}

async function membersOf(bytes: AsyncIterable<Uint8Array>) {
  const members = new Map<
    string,
    { kind: string; mode: string; sizeBytes: number; leadsTo: string; head: string; sum: string }
  >()
  for await (const member of readTar(bytes, 'it')) {
    const { kind, mode, sizeBytes, leadsTo } = member
    const { head, sum } = await contentSum(member, 20)
    members.set(member.path, { kind, mode: mode.toString(8), sizeBytes, leadsTo, head: head.toString(), sum })
  }
  return members
}

test('what GNU tar writes is read: long and odd names, links, second names, holes, in pieces of any length', async () => {
  for (const length of [1, 511, 513, 100_000]) {
    const members = await membersOf(pieces(archive, length))
    assert.equal(members.get(`/site/${LONG}`)?.head, 'far away')
    assert.ok(members.has('/site/new\nline'))
    assert.equal(members.get('/site/odd\\xff')?.head, 'odd')
    assert.deepEqual([members.get('/site/link')?.kind, members.get('/site/link')?.leadsTo], ['link', '../elsewhere'])
    assert.equal(members.get('/site/sparse')?.sizeBytes, 4096 * 100)
    const names = ['/site/a', '/site/second'].map((path) => members.get(path))
    assert.deepEqual(names.map((each) => each?.kind).sort(), ['file', 'hardlink'])
    assert.equal(names.find((each) => each?.kind === 'file')?.mode, '640')
  }
})

test('a file has the same sum with its holes and without', async () => {
  const sparse = (await membersOf(pieces(archive))).get('/site/sparse')
  const plain = await mkdtemp(join(tmpdir(), 'stillshot-tar-'))
  try {
    await mkdir(join(plain, 'site'))
    const content = Buffer.alloc(4096 * 100)
    content.write('data', 4096 * 10 - 0)
    const cut = Buffer.alloc(4096 * 100)
    cut.write('data', 4096 * 10)
    await writeFile(join(plain, 'site/sparse'), cut)
    const { stdout } = await promisify(execFile)('tar', ['-C', plain, '--format=posix', '-cf', '-', 'site'], {
      encoding: 'buffer',
      maxBuffer: 10_000_000,
    })
    assert.equal((await membersOf(pieces(stdout))).get('/site/sparse')?.sum, sparse?.sum)
  } finally {
    await rm(plain, { recursive: true })
  }
})

test('members that are not wanted are left out, and what stays is a tar', async () => {
  const wanted = new Set(['/site', '/site/sparse', '/site/odd\\xff'])
  const chosen: Uint8Array[] = []
  for await (const piece of onlyMembers(pieces(archive), wanted, 'it')) chosen.push(Uint8Array.from(piece))
  const members = await membersOf(pieces(Buffer.concat(chosen)))
  assert.deepEqual([...members.keys()].sort(), [...wanted].sort())
  assert.equal(members.get('/site/sparse')?.sum, (await membersOf(pieces(archive))).get('/site/sparse')?.sum)
})

test('what ends too early, is no tar, or names a path that leads elsewhere is refused', async () => {
  await assert.rejects(membersOf(pieces(archive.subarray(0, 2000))), isDamaged(/ends in the middle/))
  await assert.rejects(membersOf(pieces(Buffer.alloc(0))), isDamaged(/ends in the middle/))
  await assert.rejects(membersOf(pieces(Buffer.alloc(1024, 'x'))), isDamaged(/no tar/))
  const { stdout } = await promisify(execFile)('tar', ['-P', '-C', join(folder, 'site'), '-cf', '-', '../site/a'], {
    encoding: 'buffer',
  })
  await assert.rejects(membersOf(pieces(stdout)), isDamaged(/leads elsewhere/))
})
