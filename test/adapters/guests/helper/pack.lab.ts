// runs beside other labs
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { InventoryAnswer } from '../../../../src/guest/protocol/answers.ts'
import { inventorySchema } from '../../../../src/guest/protocol/inventory-schema.ts'
import { openSandbox, profileText, type Sandbox, SHELLS, type ShellName, until } from './sandbox.ts'

/** A guest with a program that dumps as the test says. */
async function openGuest(t: TestContext, shell: ShellName, dump: string): Promise<Sandbox> {
  const guest = await openSandbox(shell)
  t.after(() => guest.remove())
  await writeFile(join(guest.root, 'bin/mariadb-dump'), `#!/bin/sh\ncase $* in *--help*) exit ;; esac\n${dump}\n`, {
    mode: 0o755,
  })
  await mkdir(join(guest.root, 'site'))
  await writeFile(join(guest.root, 'site/a'), 'uploaded\n')
  const lines = ['component dbms auto 2 5', 'allow backup', `files ${guest.root}/site`]
  await guest.write('etc/profiles/app', profileText('app', ...lines))
  return guest
}

function start({ root }: Sandbox, words: readonly string[], request: string) {
  const child = spawn(join(root, 'stillshot-guest'), words, { stdio: 'pipe' })
  const out: Buffer[] = []
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => {}).write(`${request}\n`)
  const ended = once(child, 'close').then(([status]) => ({
    status: status as number | null,
    out: Buffer.concat(out),
    stderr,
  }))
  once(child, 'exit').then(() => child.stdin.end())
  return { child, ended }
}

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`packing in a guest under ${shell}`, { concurrency: true }, () => {
    test('a dump arrives packed as asked, and without a word about it as it is', async (t) => {
      const guest = await openGuest(t, shell, 'echo "-- all of it"')
      const packed = await start(guest, ['dump', 'app'], 'database=a\npack=gzip\n').ended
      assert.deepEqual([packed.status, gunzipSync(packed.out).toString()], [0, '-- all of it\n'], packed.stderr)
      const plain = await start(guest, ['dump', 'app'], 'database=a\n').ended
      assert.deepEqual([plain.status, plain.out.toString()], [0, '-- all of it\n'])
      const files = await start(guest, ['archive', 'app', 'files'], 'pack=gzip\n').ended
      assert.deepEqual([files.status, gunzipSync(files.out).includes('uploaded')], [0, true], files.stderr)
    })

    test('the status is that of the program, however well the packer ended', async (t) => {
      const guest = await openGuest(t, shell, 'echo half; echo "mariadb-dump: Got error: 2013" >&2; exit 3')
      const { status, out, stderr } = await start(guest, ['dump', 'app'], 'database=a\npack=gzip\n').ended
      assert.deepEqual([status, gunzipSync(out).toString()], [3, 'half\n'])
      assert.match(stderr, /Got error/)
    })

    test('a packer that fails, is missing or is none of ours is a refusal', async (t) => {
      const guest = await openGuest(t, shell, 'echo all')
      await writeFile(join(guest.root, 'bin/gzip'), '#!/bin/sh\nhead -c 1\nexit 1\n', { mode: 0o755 })
      const failed = await start(guest, ['dump', 'app'], 'database=a\npack=gzip\n').ended
      assert.equal(failed.status, 3)
      assert.match(failed.stderr, /\(pack-failed\)$/m)
      const foreign = await start(guest, ['dump', 'app'], 'database=a\npack=sh\n').ended
      assert.equal(foreign.status, 2)
    })

    test('the inventory names what packs here', async (t) => {
      const guest = await openGuest(t, shell, '')
      const { packers } = await guest.answer<InventoryAnswer>(inventorySchema, 'inventory', 'app')
      assert.ok(packers?.includes('gzip'))
    })

    test('a caller who is gone leaves neither a dump nor a packer behind', async (t) => {
      const guest = await openGuest(t, shell, 'echo begun; exec sleep 1000')
      const { child } = start(guest, ['dump', 'app'], 'database=a\npack=gzip\n')
      await until(async () => (await ofGuest(guest)).includes('sleep 1000'))
      child.stdin.end()
      await once(child, 'close')
      assert.deepEqual(await ofGuest(guest), '')
    })
  })
}

/** Programs that run in the folder of the guest, or because of it. */
async function ofGuest({ root }: Sandbox): Promise<string> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      if (!environment.includes(`PATH=${root}/bin`)) return ''
      return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')
    }),
  )
  return found.filter((line) => line !== '').join('\n')
}
