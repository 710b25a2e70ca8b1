// runs beside other labs
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { InventoryAnswer } from '../../../../src/guest/protocol/answers.ts'
import { inventorySchema } from '../../../../src/guest/protocol/inventory-schema.ts'
import { execute, HOLD, openSandbox, profileText, type Ran, type Sandbox, SHELLS, type ShellName } from './sandbox.ts'

interface Site extends Sandbox {
  readonly site: string
  /** A verb that streams, which goes on as long as its standard input is open. */
  stream(...words: readonly string[]): Promise<Ran>
}

/** A guest whose profile names the folder `site` with one file in it. */
async function openSite(t: TestContext, shell: ShellName, ...lines: readonly string[]): Promise<Site> {
  const guest = await openSandbox(shell)
  t.after(() => guest.remove())
  await writeFile(join(guest.root, 'bin/mariadb-dump'), '#!/bin/sh\n', { mode: 0o755 })
  const site = join(guest.root, 'site')
  await mkdir(join(site, 'upload'), { recursive: true })
  await writeFile(join(site, 'upload/a'), 'uploaded\n')
  const named = lines.length === 0 ? [`files ${site}`] : lines.map((line) => line.replaceAll('@ROOT@', guest.root))
  const all = ['component dbms auto 2 5', 'allow backup', 'allow restore', ...named]
  await guest.write('etc/profiles/app', profileText('app', ...all))
  return { ...guest, site, stream: (...words) => stream(guest, words) }
}

async function stream({ root }: Sandbox, words: readonly string[], request = ''): Promise<Ran> {
  const child = spawn(join(root, 'stillshot-guest'), words, { stdio: 'pipe' })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  child.stdin.on('error', () => {}).write(`${request}\n`)
  const closed = once(child, 'close')
  const [status] = (await once(child, 'exit')) as [number | null]
  child.stdin.end()
  await closed
  return { status, ...output }
}

/** Answers as a server with two roles and one user, and with a right of PUBLIC. */
const SERVER_WITH_ACCOUNTS = `#!/bin/sh
case $* in
  *'SHOW GLOBAL VARIABLES'*) printf 'datadir\\t@ROOT@/data/\\nsocket\\t@ROOT@/mysqld.sock\\nversion\\t10.11.19-MariaDB\\n' ;;
  *"is_role = 'Y' AND user <> 'PUBLIC'"*) printf "'a'\\n'b'\\n" ;;
  *"is_role = 'Y'"*) printf "'PUBLIC'\\n'a'\\n'b'\\n" ;;
  *"is_role = 'N'"*) printf "'u'@'%%'\\n" ;;
  *'SHOW CREATE USER'*) printf 'CREATE USER \`u\`@\`%%\` X\\n' ;;
esac
case $* in
  *'SHOW GRANTS FOR '*)
    for_whom=\${*#*SHOW GRANTS FOR }
    printf 'GRANT \`b\` TO %s\\n' "\${for_whom%%;*}"
    ;;
esac
printf 'stillshot-end\\n'
`

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`backups in a guest under ${shell}`, { concurrency: true }, () => {
    test('what is unpacked goes into a folder of root alone, whatever stands in its place', async (t) => {
      const { root, site, run, stream } = await openSite(t, shell)
      const archive = await stream('archive', 'app', 'files')
      assert.equal(archive.status, 0, archive.stderr)
      await execute('rm', ['-r', join(site, 'upload')])
      await mkdir(join(root, 'outside'))
      await symlink(join(root, 'outside'), join(site, 'upload'))
      const stdin = `path=${site}/upload\n\n${archive.stdout}`
      assert.equal((await run(['unpack', 'app', 'over'], { stdin })).status, 2)
      const { status, stderr } = await run(['unpack', 'app', HOLD], { stdin })
      assert.equal(status, 0, stderr)
      const beside = join(root, 'var/stillshot/restored', HOLD)
      assert.equal(await readFile(join(beside, site, 'upload/a'), 'utf8'), 'uploaded\n')
      assert.equal((await stat(beside)).mode & 0o777, 0o700)
      await assert.rejects(stat(join(root, 'outside/a')))
    })

    test('a refusal has a status of its own, which no program that did its work ends with', async (t) => {
      const { status, stderr } = await (await openSite(t, shell, 'files @ROOT@/gone')).stream('archive', 'app', 'files')
      assert.equal(status, 3, stderr)
      assert.match(stderr, /^stillshot-guest: .*\(nothing-there\)$/m)
    })

    test('a path that is a link is told, and never archived as one', async (t) => {
      const guest = await openSite(t, shell, 'files @ROOT@/link', 'files @ROOT@/site')
      await symlink(guest.site, join(guest.root, 'link'))
      const { links, files, serverSilent } = await guest.answer<InventoryAnswer>(inventorySchema, 'inventory', 'app')
      assert.deepEqual(
        [links.filter((path) => path.startsWith(guest.root)), files],
        [[join(guest.root, 'link')], [join(guest.root, 'link'), guest.site]],
      )
      assert.equal(serverSilent, null)
      assert.match((await guest.stream('archive', 'app', 'files')).stderr, /\(path-is-link\)$/m)
    })

    test('all accounts are made before any of them gets rights, and PUBLIC is not', async (t) => {
      const guest = await openSite(t, shell)
      await guest.write('bin/mariadb', SERVER_WITH_ACCOUNTS.replaceAll('@ROOT@', guest.root))
      await chmod(join(guest.root, 'bin/mariadb'), 0o755)
      const { status, stdout, stderr } = await guest.stream('users', 'app')
      assert.equal(status, 0, stderr)
      assert.deepEqual(stdout.trimEnd().split('\n'), [
        ...["CREATE ROLE IF NOT EXISTS 'a';", "CREATE ROLE IF NOT EXISTS 'b';"],
        ...['CREATE USER IF NOT EXISTS `u`@`%` X;', 'ALTER USER `u`@`%` X;'],
        ...["GRANT `b` TO 'a';", "GRANT `b` TO 'b';", "GRANT `b` TO 'u'@'%';", '-- Users completed'],
      ])
    })

    test('a server that is down is told, with what is there beside it', async (t) => {
      const guest = await openSite(t, shell)
      await rm(join(guest.root, 'mysqld.sock'))
      await rm(join(guest.root, 'bin/mariadb-dump'))
      const inventory = await guest.answer<InventoryAnswer>(inventorySchema, 'inventory', 'app')
      assert.match(inventory.serverSilent ?? '', /Can't connect/)
      assert.deepEqual([inventory.databases, inventory.loose, inventory.files], [[], [], [guest.site]])
      assert.equal((await guest.stream('archive', 'app', 'files')).status, 0)
    })

    test('whether packages can be listed is seen before they are asked for', async (t) => {
      const guest = await openSite(t, shell)
      await writeFile(join(guest.root, 'bin/rpm'), '#!/bin/sh\n', { mode: 0o755 })
      const { packages } = await guest.answer<InventoryAnswer>(inventorySchema, 'inventory', 'app')
      assert.deepEqual([packages, (await guest.stream('packages', 'app')).status], [true, 0])
    })

    test('a dump never sets where the whole server stands, with a binary log or without', async (t) => {
      const guest = await openSite(t, shell)
      const program = `#!/bin/sh\ncase $* in *--help*) echo --set-gtid-purged --gtid ;; *) echo "$*" ;; esac\n`
      await writeFile(join(guest.root, 'bin/mariadb-dump'), program, { mode: 0o755 })
      const { stdout, stderr } = await stream(guest, ['dump', 'app'], 'database=a\n')
      assert.match(stdout, / --set-gtid-purged=OFF --databases -- a$/m, stderr)
    })
  })
}
