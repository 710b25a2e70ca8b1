import assert from 'node:assert/strict'
import { chmod, link, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { compareFiles } from '../../src/coordinator/compare-files.ts'
import { overFindings, releaseFindings } from '../../src/coordinator/release-differences.ts'
import { readTar } from '../../src/repository/tar/read-tar.ts'
import { gnuTar, pieces } from '../repository/tar/gnu-tar.ts'

async function openSite(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-compare-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const site = join(folder, 'site')
  await mkdir(join(site, 'src'), { recursive: true })
  await writeFile(join(site, 'a'), 'a')
  await writeFile(join(site, 'src/config.inc.php'), "<?php\n$user = 'x';\n$pass = 'secret';\n")
  await writeFile(join(site, 'src/version.inc.php'), '<?php $g = ["version" => "1.17"];')
  await link(join(site, 'a'), join(site, 'second'))
  await symlink('a', join(site, 'link'))
  return { site, archive: () => gnuTar(folder, 'site') }
}

const compare = (now: Buffer, backup: Buffer, paths = ['/site']) =>
  compareFiles('files', paths, pieces(now), pieces(backup))

test('two archives of the same do not differ', async (t) => {
  const { archive } = await openSite(t)
  const { difference, wanted } = await compare(await archive(), await archive())
  assert.deepEqual(
    [difference.added, difference.changed, difference.kept, difference.same, wanted.size],
    [0, 0, 0, 7, 0],
  )
})

test('what was deleted, changed and added is told, and all that must be written has its folders', async (t) => {
  const { site, archive } = await openSite(t)
  const backup = await archive()
  await chmod(join(site, 'src/version.inc.php'), 0o600)
  await writeFile(join(site, 'src/config.inc.php'), "<?php\n$user = 'y';\n$pass = 'other';\n")
  await rm(join(site, 'link'))
  await writeFile(join(site, 'new'), '')
  const { difference, wanted } = await compare(await archive(), backup)
  assert.deepEqual(
    difference.changes.map(({ path, change, aspects }) => [path, change, ...aspects]),
    [
      ...difference.changes
        .filter(({ change }) => change === 'changed')
        .map(({ path, change, aspects }) => [path, change, ...aspects]),
      ['/site/link', 'added'],
      ['/site/new', 'kept'],
    ],
  )
  const aspects = Object.fromEntries(difference.changes.map((each) => [each.path, each.aspects]))
  assert.deepEqual(aspects['/site/src/version.inc.php'], ['mode'])
  assert.deepEqual(aspects['/site/src/config.inc.php'], ['size', 'content'])
  assert.deepEqual([...wanted].sort(), [
    '/site',
    '/site/link',
    '/site/src',
    '/site/src/config.inc.php',
    '/site/src/version.inc.php',
  ])
  const text = difference.changes.find(({ path }) => path.endsWith('config.inc.php'))?.text?.lines
  assert.deepEqual(text, [' <?php', "-$user = 'y';", '-$pass ***', "+$user = 'x';", '+$pass ***'])
})

test('a second name is wanted with the first, of which it is a name only', async (t) => {
  const { site, archive } = await openSite(t)
  const backup = await archive()
  let name = ''
  for await (const { kind, path } of readTar(pieces(backup), 'it')) if (kind === 'hardlink') name = path
  await rm(join(site, '..', name))
  const { wanted, difference } = await compare(await archive(), backup)
  assert.deepEqual([...wanted].sort(), ['/site', '/site/a', '/site/second'])
  assert.deepEqual([difference.added, difference.changed], [1, 0])
})

test('a folder where the backup has a file is in the way', async (t) => {
  const { site, archive } = await openSite(t)
  const backup = await archive()
  await rename(join(site, 'src'), join(site, 'away'))
  await rm(join(site, 'link'))
  await mkdir(join(site, 'link'))
  const { difference } = await compare(await archive(), backup)
  assert.deepEqual(difference.inTheWay, ['/site/link'])
  assert.deepEqual(
    overFindings([difference], { databases: [] }).map(({ code }) => code),
    ['path-in-way'],
  )
})

test('one path is compared by itself; above it nothing is wanted', async (t) => {
  const { site, archive } = await openSite(t)
  const backup = await archive()
  await rm(join(site, 'src'), { recursive: true })
  await rm(join(site, 'a'))
  const { wanted, difference } = await compare(await archive(), backup, ['/site/src'])
  assert.deepEqual([...wanted].sort(), ['/site/src', '/site/src/config.inc.php', '/site/src/version.inc.php'])
  assert.deepEqual([difference.added, difference.kept], [3, 0])
})

test('another release of an installation is refused, unless its databases come with it', async (t) => {
  const { site, archive } = await openSite(t)
  const backup = await archive()
  await writeFile(join(site, 'src/version.inc.php'), '<?php $g = ["version" => "1.19"];')
  const { difference } = await compare(await archive(), backup)
  const said = (databases: readonly string[]) =>
    overFindings([difference], { databases }).map(({ severity, message }) => `${severity}: ${message}`)
  assert.deepEqual(said([]), ['refuse: /site: the backup is of i-doit 1.17, the guest has 1.19'])
  assert.match(said(['idoit_data'])[0] ?? '', /^warn: /)
})

test('another release of a program is told where it reads what is written', () => {
  const backup = 'php8.2-fpm 8.2.20-1~deb12u1 amd64\napache2 2.4.61-1 amd64\nmariadb-server 1:10.11.6-0 all\n'
  const guest = 'php8.3-fpm 8.3.1-1 amd64\napache2 2.4.62-2 amd64\nmariadb-server 1:11.4.2-1 all\n'
  const said = (paths: readonly string[]) => releaseFindings({ backup, guest }, paths).map(({ message }) => message)
  assert.deepEqual(said(['/etc/php', '/etc/apache2']), ['the backup is of PHP 8.2, the guest has 8.3'])
  assert.deepEqual(said(['/etc/mysql']), ['the backup is of MariaDB 10.11, the guest has 11.4'])
  assert.deepEqual(releaseFindings({ backup, guest: undefined }, ['/etc/php']), [])
})
