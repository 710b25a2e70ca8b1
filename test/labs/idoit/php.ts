import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../command.ts'
import type { GuestUnderTest } from '../guest-under-test.ts'
import { labPaths } from '../paths.ts'

/** PHP-FPM of Debian 12 and what it needs beyond the lab's image. */
const PACKAGES = [
  ...['php8.2-cli', 'php8.2-fpm', 'php8.2-common', 'php8.2-opcache', 'php8.2-readline', 'php8.2-mysql', 'php-common'],
  ...[
    'libargon2-1',
    'libsodium23',
    'libxml2',
    'libicu72',
    'libedit2',
    'libpcre2-8-0',
    'media-types',
    'libmagic1',
    'libmagic-mgc',
    'tzdata',
  ],
]

/** Installs PHP-FPM in the guest, from packages that are fetched once and kept beside the image. */
export async function installPhp(guest: GuestUnderTest): Promise<void> {
  const folder = await fetchPackages()
  const sending = spawn('sh', [
    '-c',
    'folder=$0; tar -C "$folder" -cf - . | ssh "$@"',
    folder,
    ...guest.sshArguments('mkdir -p /tmp/php && tar -xf - -C /tmp/php'),
  ])
  const [status] = (await once(sending, 'close')) as [number | null]
  if (status !== 0) throw new Error(`the packages of PHP could not be copied: ${status}`)
  await guest.run('DEBIAN_FRONTEND=noninteractive dpkg -i /tmp/php/*.deb && rm -r /tmp/php', { timeoutMs: 300_000 })
}

async function fetchPackages(): Promise<string> {
  const folder = join(labPaths().folder, 'cache', 'php')
  await mkdir(folder, { recursive: true })
  const there = (await readdir(folder)).filter((name) => name.endsWith('.deb'))
  if (there.length >= PACKAGES.length) return folder
  await runCommand('sh', ['-c', 'cd "$0" && apt-get download -q "$@"', folder, ...PACKAGES], { timeoutMs: 300_000 })
  return folder
}
