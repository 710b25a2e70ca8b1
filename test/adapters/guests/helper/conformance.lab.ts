// runs beside other labs
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GuestBefore, GuestHelperUnderTest } from '../../../conformance/guest-helper/under-test.ts'
import { testGuestHelper } from '../../../conformance/guest-helper.ts'
import { execute, openSandbox, profileText, type Sandbox, SHELLS, type ShellName, until } from './sandbox.ts'

// Most of the time a case sleeps until its watchdog fires.
describe('the helper itself', { concurrency: 2 }, () => {
  for (const shell of Object.keys(SHELLS) as ShellName[]) {
    testGuestHelper({ name: shell, concurrency: 6, open: (before) => openReal(shell, before) })
  }
})

/** The helper itself, called as sudo would call it, over stand-ins for systemd and the server's client. */
async function openReal(shell: ShellName, before: GuestBefore): Promise<GuestHelperUnderTest> {
  const guest = await openSandbox(shell)
  await furnish(guest, before)
  const systemctl = async (...words: readonly string[]) => {
    await execute(join(guest.root, 'bin/systemctl'), words)
  }
  return {
    run: async (verb, words, stdin) => (await guest.run([verb, ...words], stdin && { stdin })).stdout,
    pass: (ms) => sleep(ms),
    serverRuns: async () => (await guest.unit('mariadb.service')) === 'active',
    startServer: () => systemctl('start', '--', 'mariadb.service'),
    stopServer: () => systemctl('stop', '--', 'mariadb.service'),
    hangStops: (ms) => guest.write('stop-takes', `${ms / 1000}\n`),
    failStarts: (fail) => (fail ? guest.write('start-fails') : rm(join(guest.root, 'start-fails'), { force: true })),
    failSync: () => writeFile(join(guest.root, 'bin/sync'), '#!/bin/sh\nexit 1\n', { mode: 0o755 }),
    // Beside it and renamed, as an installation does: a shell reads its script as it goes.
    async replaceHelper() {
      const path = join(guest.root, 'stillshot-guest')
      await writeFile(`${path}.new`, `${await readFile(path, 'utf8')}# another one\n`, { mode: 0o755 })
      await rename(`${path}.new`, path)
    },
    drainWaits: () => until(async () => (await guest.read('calls')).includes('SET GLOBAL innodb_io_capacity')),
    slowSettings: (ms) => guest.write('settings-take', `${ms / 1000}\n`),
    drainLowers: () => until(async () => (await guest.read('calls')).includes('SET GLOBAL innodb_io_capacity')),
    lowered: async () => (await guest.read('setting-innodb_max_dirty_pages_pct').catch(() => '')) === '0\n',
    async close() {
      await endBackground(guest)
      await guest.remove()
    },
  }
}

async function furnish(guest: Sandbox, { serverRuns, webRuns }: GuestBefore): Promise<void> {
  const bin = join(guest.root, 'bin')
  for (const name of ['systemctl', 'systemd-run']) {
    await rename(join(bin, name), join(bin, `plain-${name}`))
    const text = await readFile(new URL(`./jobs/${name}`, import.meta.url), 'utf8')
    await writeFile(join(bin, name), text.replaceAll('@ROOT@', guest.root), { mode: 0o755 })
  }
  // A server that is busy: a drain waits for fewer dirty pages for as long as it may.
  const client = await guest.read('bin/mariadb')
  await writeFile(join(bin, 'mariadb'), client.replace('pages_dirty\\t7', 'pages_dirty\\t100'), { mode: 0o755 })
  await mkdir(join(guest.root, 'timers'))
  await guest.write('background')
  await guest.write(
    'etc/profiles/mysql',
    profileText('mysql', 'component unit apache2 5 5', 'component dbms auto 5 60'),
  )
  await guest.write('units/apache2.service', webRuns ? 'active\n' : 'inactive\n')
  if (serverRuns) return
  await guest.write('units/mariadb.service', 'inactive\n')
  await rm(join(guest.root, 'mysqld.sock'))
}

/** Timers, and stops that hang: each a process group of its own. */
async function endBackground(guest: Sandbox): Promise<void> {
  for (const group of (await guest.read('background')).trim().split('\n')) {
    try {
      if (group !== '') process.kill(-Number(group), 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
}
