import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUILT_IN_PROFILES } from '../../src/config/profiles.ts'
import { type BackupRestoreOrder, restoreBackup } from '../../src/coordinator/restore-backup.ts'
import { takeBackup } from '../../src/coordinator/take-backup.ts'
import { StillshotError } from '../../src/errors.ts'
import type { CommandResult } from '../../src/guest/guest-shell.ts'
import { filesOfSmallTar, type SmallFile, smallTar } from '../repository/tar/small-tar.ts'
import { envelope } from '../world/guest-documents.ts'
import { makeBackupWorld } from './backup-guest.ts'

const done = (stdout = ''): CommandResult => ({ exitStatus: 0, stdout, stderr: '' })

/** A guest with a folder of an application in it, whose helper writes over what is there. */
function makeSite(components = BUILT_IN_PROFILES.idoit?.components ?? []) {
  const world = makeBackupWorld()
  const settings = { ...world.settings, profile: { ...world.settings.profile, name: 'idoit', components } }
  const site = {
    files: [{ path: '/var/www/html' }, { path: '/var/www/html/a', content: 'old' }] as readonly SmallFile[],
    kept: [] as readonly SmallFile[],
    staged: [] as readonly SmallFile[],
    state: 'none' as 'none' | 'written',
    asked: [] as string[],
    /** In place of an answer to this way of `over`, for as often as it says so. */
    fails: (_way: string, _nth: number): string | undefined => undefined,
  }
  const under = (stdin: string) => [...(stdin.split('\n\n')[0] ?? '').matchAll(/^path=(.*)$/gm)].map(([, path]) => path)
  const say = (run: string, more: object) =>
    done(JSON.stringify({ ...envelope('over', run, { ...world.guest.facts, bootId: 'boot-1' }, 1000), ...more }))
  world.answers.archive = (stdin, argv) => {
    const wanted = under(stdin)
    const ofPart = argv.at(-1) === 'files' ? site.files : []
    return done(
      smallTar(
        ofPart.filter(({ path }) => wanted.length === 0 || wanted.some((root) => `${path}/`.startsWith(`${root}/`))),
      ),
    )
  }
  world.answers.unpack = (stdin) => {
    site.staged = filesOfSmallTar(stdin.slice(stdin.indexOf('\n\n') + 2))
    return done()
  }
  world.answers.over = (_, argv) => {
    const [run = '', way = ''] = argv.slice(-3)
    site.asked.push(way)
    const code = site.fails(way, site.asked.length)
    if (code !== undefined) return say(run, { ok: false, error: { code, message: 'why' } })
    if (way === 'forward') {
      site.kept = site.files
      const staged = new Map(site.staged.map((file) => [file.path, file]))
      site.files = [...site.files.filter(({ path }) => !staged.has(path)), ...site.staged]
      site.state = 'written'
      return say(run, { way })
    }
    const before = site.state
    site.state = 'none'
    if (before === 'none') return say(run, { way: 'none' })
    if (way === 'done') return say(run, { way: 'forward' })
    site.files = site.kept
    return say(run, { way })
  }
  const { ports, signal } = world
  const content = (path: string) => site.files.find((file) => file.path === `/var/www/html/${path}`)?.content
  const restore = (more: Partial<BackupRestoreOrder> = {}) =>
    restoreBackup(ports, settings, {
      ...{ parts: ['files'], users: false, over: true, safety: true, dryRun: false, signal, ...more },
    })
  return {
    ...world,
    settings,
    site,
    content,
    restore,
    backUp: () => takeBackup(ports, settings, { parts: ['files'], signal }),
  }
}

const change = (site: ReturnType<typeof makeSite>['site']) => {
  site.files = [
    { path: '/var/www/html' },
    { path: '/var/www/html/a', content: 'new' },
    { path: '/var/www/html/b', content: 'of today' },
  ]
}

test('what differs is shown, and nothing is held or written', async () => {
  const { site, restore, backUp, asked } = makeSite()
  await backUp()
  change(site)
  const { files, plan } = await restore({ dryRun: true })
  assert.deepEqual(
    files?.[0]?.changes.map(({ path, change: kind }) => [path, kind]),
    [
      ['/var/www/html/a', 'changed'],
      ['/var/www/html/b', 'kept'],
    ],
  )
  assert.match(plan.join('\n'), /stop web server.*\n.*copy .*\n.*write what differs of files over what is there/s)
  assert.deepEqual([asked.includes('hold'), asked.includes('unpack'), site.asked], [false, false, []])
})

test('it is copied first, then only what differs is sent and written, under the hold; the copy undoes it', async () => {
  const { site, restore, backUp, content, asked, ports } = makeSite()
  await backUp()
  change(site)
  const { safetyPoint, undoWith } = await restore()
  assert.deepEqual([content('a'), content('b')], ['old', 'of today'])
  assert.deepEqual(
    site.staged.map(({ path }) => path),
    ['/var/www/html', '/var/www/html/a'],
  )
  assert.deepEqual(site.asked, ['forward', 'done'])
  const order = asked.filter((verb) => ['hold', 'unpack', 'over', 'release'].includes(verb))
  assert.deepEqual(order, ['hold', 'unpack', 'over', 'release', 'over'])
  assert.equal(undoWith, `stillshot restore db1 --from backup --point ${safetyPoint?.id} --only files --over`)
  await restore({ pointId: String(safetyPoint?.id) })
  assert.equal(content('a'), 'new')
  assert.deepEqual(await ports.catalog.locks(), [])
})

test('where nothing differs nothing is written', async () => {
  const { restore, backUp, site } = makeSite()
  await backUp()
  await restore()
  assert.deepEqual(site.asked, [])
})

test('a folder that is gone altogether comes back, though there is nothing to copy', async () => {
  const { restore, backUp, site, facts, content } = makeSite()
  await backUp()
  site.files = []
  facts.files = []
  const { safetyPoint } = await restore()
  assert.deepEqual([content('a'), safetyPoint], ['old', undefined])
})

test('what the guest refuses is told with a way out, and taken back', async () => {
  const { site, restore, backUp, content } = makeSite()
  await backUp()
  change(site)
  site.fails = (way) => (way === 'forward' ? 'path-is-link' : undefined)
  await assert.rejects(restore(), (error: unknown) => {
    assert.ok(error instanceof StillshotError)
    assert.equal(error.code, 'load-failed')
    assert.match(error.message, /why.*no file had been written/s)
    assert.match(String(error.hint), /link leads elsewhere/)
    return true
  })
  assert.deepEqual([content('a'), site.asked], ['new', ['forward', 'back']])
})

test('what cannot be put back stays open, with what a person can do', async () => {
  const { site, restore, backUp, recover } = makeSite()
  await backUp()
  change(site)
  site.fails = () => 'over-half'
  await assert.rejects(restore(), (error: unknown) => {
    assert.ok(error instanceof StillshotError)
    assert.equal(error.code, 'undo-failed')
    assert.match(error.message, /\.stillshot-\w{26}, in whose old\//)
    return true
  })
  site.fails = () => undefined
  await recover()
  assert.equal(site.asked.at(-1), 'back')
})
