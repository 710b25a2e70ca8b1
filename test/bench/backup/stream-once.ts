import { join } from 'node:path'
import type { Site } from './site.ts'

/** One stream of a backup in a process of its own, so that its memory is seen. Words: the cache, the site as JSON, who packs, an id. */
const [, given = '{}', packing = 'guest', id = ''] = process.argv.slice(2)
const site = JSON.parse(given) as Site

const { SshShells } = await import('../../../adapters/guests/ssh/ssh-shells.ts')
const { DirectoryRepository } = await import('../../../adapters/repositories/directory/directory-repository.ts')
const { NodeClock } = await import('../../../adapters/system/node-clock.ts')
const { writeStream } = await import('../../../src/coordinator/backup-streams.ts')
const { GuestHelper } = await import('../../../src/guest/guest-helper.ts')
// What the command itself loads beside that.
await import('../../../src/main.ts')
await import('../../../src/cli/program.ts')
await import('../../../src/config/load.ts')
await import('../../../src/coordinator/take-backup.ts')
await import('../../../adapters/hypervisors/libvirt/libvirt-hypervisor.ts')
await import('../../../adapters/catalogs/sqlite/sqlite-catalog.ts')

const clock = new NodeClock()
const shells = new SshShells({
  ...{ clock, keyPath: site.clientKey, knownHostsPath: site.knownHosts, connectTimeoutMs: 10_000, keepAliveMs: 5_000 },
})
const target = { vm: 'db1', host: site.host, port: site.port, user: site.user }
const helper = new GuestHelper({ shells, target, clock })
const repository = new DirectoryRepository({
  ...{ name: 'here', path: join(site.folder, 'repository'), mount: false },
  compression: 'zstd',
})
const { signal } = new AbortController()
const { uuid, packers = [] } = await helper.inventory('app', { signal })
const writer = await repository.begin({ vm: 'db1', id }, { signal })
const beganMs = performance.now()
const { facts } = await writeStream(
  {
    ...{ vm: 'db1', machine: uuid ?? '', clock, helper, repository, writer, signal },
    packers: packing === 'guest' ? packers : [],
  },
  {
    ...{ name: 'databases.sql', part: 'databases', content: 'sql', verb: 'dump', args: ['app'], databases: ['a'] },
    ...{ packable: true, last: /\n-- Dump completed[^\n]*\n$/ },
  },
)
const tookMs = performance.now() - beganMs
await helper.close()
const { sizeBytes } = facts
const maxRssBytes = process.resourceUsage().maxRSS * 1024
process.stdout.write(`${JSON.stringify({ tookMs, maxRssBytes, sizeBytes })}\n`)
