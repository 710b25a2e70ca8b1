// runs beside other labs
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstat, mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { HOLD, openSandbox, profileText, refusal, type Sandbox, SHELLS, type ShellName } from './sandbox.ts'

interface Site extends Sandbox {
  readonly site: string
  /** Puts aside what `site` holds now, to be written over it later. */
  keep(...paths: readonly string[]): Promise<void>
  over(way: string, ...paths: readonly string[]): Promise<string>
  refused(way: string, ...paths: readonly string[]): Promise<string>
}

async function openSite(t: TestContext, shell: ShellName): Promise<Site> {
  const guest = await openSandbox(shell)
  t.after(() => guest.remove())
  const site = join(guest.root, 'site')
  await mkdir(join(site, 'upload/deep'), { recursive: true })
  await writeFile(join(site, 'a'), 'a of the backup\n', { mode: 0o640 })
  await writeFile(join(site, 'upload/b'), 'b of the backup\n')
  await writeFile(join(site, 'upload/deep/-rf'), 'odd\n')
  await writeFile(join(site, 'upload/deep/new\nline'), 'odd\n')
  await guest.write(
    'etc/profiles/app',
    profileText('app', 'component dbms auto 2 5', 'allow backup', 'allow restore', `files ${site}`),
  )
  const request = (paths: readonly string[]) =>
    `${(paths.length > 0 ? paths : [site]).map((path) => `path=${path}\n`).join('')}\n`
  const words = (way: string) => ['over', 'app', HOLD, way, 'free']
  return {
    ...guest,
    site,
    keep: async (...paths) => {
      const child = spawn(join(guest.root, 'stillshot-guest'), ['archive', 'app', 'files'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      const pieces: Buffer[] = []
      child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
      child.stdin.write(request(paths))
      const closed = once(child, 'close')
      await once(child, 'exit')
      child.stdin.end()
      await closed
      const unpack = spawn(join(guest.root, 'stillshot-guest'), ['unpack', 'app', HOLD], {
        stdio: ['pipe', 'ignore', 'inherit'],
      })
      unpack.stdin.write(request(paths))
      unpack.stdin.end(Buffer.concat(pieces))
      assert.deepEqual(await once(unpack, 'exit'), [0, null])
    },
    over: async (way, ...paths) => {
      const { stdout, stderr } = await guest.run(words(way), { stdin: request(paths) })
      const document = JSON.parse(stdout) as { ok: boolean; way: string }
      assert.equal(document.ok, true, stdout + stderr)
      return document.way
    },
    refused: async (way, ...paths) => refusal(await guest.run(words(way), { stdin: request(paths) })),
  }
}

const text = (path: string) => readFile(path, 'utf8')

/** All of a folder: names, and what they are. */
async function tree(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const lines = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name)
    const { mode } = await lstat(path)
    const content = entry.isFile() ? await text(path) : entry.isSymbolicLink() ? await readlink(path) : ''
    return `${path.slice(folder.length)} ${mode.toString(8)} ${content}`
  })
  return (await Promise.all(lines)).sort()
}

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`files over what is there under ${shell}`, { concurrency: true }, () => {
    test('what was deleted, changed and exchanged is as it was kept, and back again as before; nothing of ours is left', async (t) => {
      const { root, site, keep, over } = await openSite(t, shell)
      const kept = await tree(site)
      await keep()
      await rm(join(site, 'upload/deep'), { recursive: true })
      await writeFile(join(site, 'a'), 'changed\n')
      await rm(join(site, 'upload/b'))
      await symlink('/etc/passwd', join(site, 'upload/b'))
      await writeFile(join(site, 'mine'), 'not in the backup\n')
      const before = await tree(site)
      assert.equal(await over('forward'), 'forward')
      assert.equal(await over('forward'), 'forward')
      assert.deepEqual(
        (await tree(site)).filter((line) => !/mine|\.stillshot/.test(line)),
        kept,
      )
      assert.equal(await over('done'), 'forward')
      assert.equal(await over('done'), 'none')
      assert.deepEqual(
        (await tree(site)).filter((line) => !line.includes('mine')),
        kept,
      )
      assert.equal(await text(join(site, 'mine')), 'not in the backup\n')
      assert.deepEqual(await readdir(join(root, 'var/stillshot/restored')), [])
      assert.notDeepEqual(before, kept)
    })

    test('a request to write that comes after its own way back writes nothing', async (t) => {
      const { root, site, keep, over, refused } = await openSite(t, shell)
      await keep()
      await writeFile(join(site, 'a'), 'changed\n')
      assert.equal(await over('back'), 'none')
      assert.equal(await refused('forward'), 'nothing-staged')
      assert.equal(await text(join(site, 'a')), 'changed\n')
      assert.deepEqual(await readdir(join(root, 'var/stillshot/restored')), [])
    })

    test('what fails in the middle is put back, folders that came with it are gone', async (t) => {
      const { site, root, keep, refused, over } = await openSite(t, shell)
      await keep()
      await rm(join(site, 'upload/deep'), { recursive: true })
      await writeFile(join(site, 'a'), 'changed\n')
      const before = await tree(site)
      // The last folder of all cannot be renamed into its place.
      await writeFile(
        join(root, 'bin/mv'),
        `#!/bin/sh\ncase "$*" in *'-t .. '*new/upload*|*'-t .. '*new/deep*) echo full >&2; exit 1 ;; esac\nexec /bin/mv "$@"\n`,
        { mode: 0o755 },
      )
      assert.equal(await refused('forward'), 'write-failed')
      assert.deepEqual(await tree(site), before)
      assert.equal(await over('back'), 'none')
    })

    test('a writer that is killed leaves each file old or new, and all of it is put back', async (t) => {
      const { site, root, keep, over, refused } = await openSite(t, shell)
      await keep()
      await rm(join(site, 'upload/deep'), { recursive: true })
      await writeFile(join(site, 'a'), 'changed\n')
      const before = await tree(site)
      await writeFile(join(root, 'bin/sync'), '#!/bin/sh\n[ "$#" -gt 0 ] || kill -KILL $PPID\n', { mode: 0o755 })
      await assert.rejects(over('forward'))
      await rm(join(root, 'bin/sync'))
      assert.equal(await text(join(site, 'a')), 'a of the backup\n')
      assert.equal(await refused('forward'), 'over-half')
      assert.equal(await refused('done'), 'over-half')
      assert.equal(await over('back'), 'back')
      assert.deepEqual(await tree(site), before)
      assert.equal(await over('back'), 'none')
    })

    test('a link in the way leads nothing out of the folder', async (t) => {
      const { site, root, keep, refused, over } = await openSite(t, shell)
      await mkdir(join(root, 'outside'))
      await keep(join(site, 'upload/deep'))
      await rename(join(site, 'upload'), join(site, 'away'))
      await symlink(join(root, 'outside'), join(site, 'upload'))
      assert.equal(await refused('forward', join(site, 'upload/deep')), 'path-is-link')
      await rm(join(site, 'upload'))
      assert.equal(await refused('forward', join(site, 'upload/deep')), 'folder-missing')
      await rename(join(site, 'away'), join(site, 'upload'))
      await rm(join(site, 'upload/deep'), { recursive: true })
      await symlink(join(root, 'outside'), join(site, 'upload/deep'))
      assert.equal(await over('forward', join(site, 'upload/deep')), 'forward')
      assert.equal(await text(join(site, 'upload/deep/-rf')), 'odd\n')
      assert.equal(await over('done', join(site, 'upload/deep')), 'forward')
      assert.deepEqual(await readdir(join(root, 'outside')), [])
    })

    test('a folder in the way of a file is not deleted, and nothing is written', async (t) => {
      const { site, keep, refused } = await openSite(t, shell)
      await keep()
      await writeFile(join(site, 'a'), 'changed\n')
      await rm(join(site, 'upload/b'))
      await mkdir(join(site, 'upload/b'))
      const before = await tree(site)
      assert.equal(await refused('forward'), 'path-in-way')
      assert.deepEqual(await tree(site), before)
    })

    test('without what was unpacked, or under a hold that is over, nothing is written', async (t) => {
      const { site, keep, refused, run } = await openSite(t, shell)
      assert.equal(await refused('forward'), 'nothing-staged')
      await keep()
      await writeFile(join(site, 'a'), 'changed\n')
      const held = await run(['over', 'app', HOLD, 'forward', 'held'], { stdin: `path=${site}\n\n` })
      assert.equal(refusal(held), 'not-held')
      assert.equal(await text(join(site, 'a')), 'changed\n')
    })
  })
}
