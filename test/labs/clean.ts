import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { tryCommand } from './command.ts'
import { removeNative } from './container/supervised.ts'
import { DOMAIN_PREFIX } from './domain.ts'
import { libvirtUri, stopLibvirt } from './libvirt.ts'
import { labPaths } from './paths.ts'
import { removeDomain, virshOf } from './virsh.ts'

/**
 * `node test/labs/clean.ts [NAME…]`: destroys these guests of the lab, emulated and native, all of them unless named, with their disks.
 * `--all` removes the image, the saved guest and the package cache too, and ends the lab's libvirtd. No other domain of libvirt is touched.
 */
const names = process.argv.slice(2).filter((argument) => argument !== '--all')
const everything = process.argv.includes('--all')
const paths = labPaths()
const virsh = virshOf(libvirtUri())

const listed = await virsh.try(['list', '--all', '--name'])
// Without libvirt there are no domains either, only files.
const domains = listed.stdout.split('\n').filter((domain) => domain.startsWith(DOMAIN_PREFIX))
const wanted = names.length > 0 ? new Set(names.map((name) => DOMAIN_PREFIX + name)) : new Set(domains)
for (const domain of domains.filter((domain) => wanted.has(domain))) {
  await removeDomain(virsh, domain)
  process.stderr.write(`lab: ${domain} is gone\n`)
}
const folders = names.length > 0 ? names : await readdir(paths.guests).catch(() => [])
for (const folder of folders) await rm(join(paths.guests, folder), { recursive: true, force: true })
const natives = names.length > 0 ? names : await readdir(paths.natives).catch(() => [])
for (const native of natives) await removeNative(join(paths.natives, native))
if (everything) {
  await stopLibvirt(paths)
  await tryCommand('umount', ['-l', paths.small], { timeoutMs: 10_000 })
  await rm(paths.folder, { recursive: true, force: true })
}
