import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Files } from '../../src/system/files.ts'

async function write(files: Files, path: string, text = ''): Promise<void> {
  const file = await files.openAppend(path, { create: true })
  await file.append(text)
  await file.close()
}

/** What every implementation of the port Files keeps to. `open` gives the files and a folder that may be written. */
export function testFiles(options: { name: string; open: () => Promise<{ files: Files; folder: string }> }): void {
  describe(`Files, ${options.name}`, () => {
    test('makeFolder() makes parents, and again does nothing', async () => {
      const { files, folder } = await options.open()
      await files.makeFolder(join(folder, 'a/b'))
      await files.makeFolder(join(folder, 'a/b'))
      assert.deepEqual(await files.list(join(folder, 'a')), ['b'])
    })

    test('what was appended is read back, in order', async () => {
      const { files, folder } = await options.open()
      const file = await files.openAppend(join(folder, 'journal'), { create: true })
      await file.append('one\n')
      await file.sync()
      await file.append('two é\n')
      await file.close()
      assert.equal(await files.readText(join(folder, 'journal')), 'one\ntwo é\n')
    })

    test('openAppend() of an existing file goes on at its end', async () => {
      const { files, folder } = await options.open()
      const path = join(folder, 'journal')
      await write(files, path, 'one\n')
      const file = await files.openAppend(path, { create: false })
      await file.append('two\n')
      await file.close()
      assert.equal(await files.readText(path), 'one\ntwo\n')
    })

    test('openAppend() with create rejects when the file exists', async () => {
      const { files, folder } = await options.open()
      await write(files, join(folder, 'journal'))
      await assert.rejects(files.openAppend(join(folder, 'journal'), { create: true }), { code: 'EEXIST' })
    })

    test('openAppend() without create rejects when the file is missing', async () => {
      const { files, folder } = await options.open()
      await assert.rejects(files.openAppend(join(folder, 'journal'), { create: false }), { code: 'ENOENT' })
    })

    test('openAppend() in a missing folder rejects', async () => {
      const { files, folder } = await options.open()
      await assert.rejects(files.openAppend(join(folder, 'none/journal'), { create: true }), { code: 'ENOENT' })
    })

    test('readText() of a missing file rejects with ENOENT', async () => {
      const { files, folder } = await options.open()
      await assert.rejects(files.readText(join(folder, 'none')), { code: 'ENOENT' })
    })

    test('syncFile() of what another has written resolves, and of a missing file rejects with ENOENT', async () => {
      const { files, folder } = await options.open()
      await write(files, join(folder, 'key'), 'one\n')
      await files.syncFile(join(folder, 'key'))
      assert.equal(await files.readText(join(folder, 'key')), 'one\n')
      await assert.rejects(files.syncFile(join(folder, 'none')), { code: 'ENOENT' })
    })

    test('replaceText() makes the file or takes its place, leaves nothing beside it, and needs the folder', async () => {
      const { files, folder } = await options.open()
      const path = join(folder, 'page.md')
      await files.replaceText(path, 'a long first one\n')
      await files.replaceText(path, 'two é\n')
      assert.equal(await files.readText(path), 'two é\n')
      assert.deepEqual(await files.list(folder), ['page.md'])
      await assert.rejects(files.replaceText(join(folder, 'none/page.md'), ''), { code: 'ENOENT' })
    })

    test('list() gives sorted names, and nothing for a missing folder', async () => {
      const { files, folder } = await options.open()
      await write(files, join(folder, 'b'))
      await write(files, join(folder, 'a'))
      assert.deepEqual(await files.list(folder), ['a', 'b'])
      assert.deepEqual(await files.list(join(folder, 'none')), [])
    })

    test('close() is safe twice, and a closed file takes nothing', async () => {
      const { files, folder } = await options.open()
      const file = await files.openAppend(join(folder, 'journal'), { create: true })
      await file.close()
      await file.close()
      await assert.rejects(file.append('late'), { code: 'EBADF' })
    })
  })
}
