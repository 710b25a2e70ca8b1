import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../labs/command.ts'
import { labPaths } from '../labs/paths.ts'
import { StillshotCli } from '../labs/stillshot-cli.ts'
import type { Ground } from './ground.ts'
import { holdOf, MEASURING_TTL_MS } from './time-to-live.ts'

/** stillshot for the ground's guest, with the canary in every place that takes a secret. */
export async function configure({ guest, entry }: Ground, folder: string, canary: string): Promise<StillshotCli> {
  const cli = await StillshotCli.makeEmpty({ folder: labPaths().folder }, guest, folder)
  const secret = async (name: string) => {
    await writeFile(join(folder, name), `${canary}${name === 'database' ? '' : name}\n`, { mode: 0o600 })
    return `"file:${name}"`
  }
  const keyPath = join(folder, 'id-user')
  await copyFile(guest.userKeyPath, keyPath)
  await runCommand('ssh-keygen', ['-q', '-p', '-a', '4', '-P', '', '-N', `${canary}passphrase`, '-f', keyPath], {
    timeoutMs: 30_000,
  })
  await writeFile(join(folder, 'passphrase.sh'), `#!/bin/sh\nprintf '${canary}passphrase'\n`, { mode: 0o700 })
  cli.environment = { CANARY_TOKEN: `root@pam!faults=${canary}`, CANARY_PASSWORD: `${canary}password` }
  const { hold, limits } = holdOf(MEASURING_TTL_MS)
  await cli.writeConfig(`hypervisors:
  ${entry.line}
  elsewhere: { kind: proxmox, url: "https://pve.invalid:8006", token: "env:CANARY_TOKEN" }
  vc: { kind: vsphere, url: "https://vc.invalid/sdk", username: faults@vsphere.local, password: "env:CANARY_PASSWORD" }
ssh:
  user: ${guest.user}
  key: id-user
  passphrase: "exec:./passphrase.sh"
  knownHosts: known_hosts
  connectTimeout: 20s
  keepAlive: 3s
profiles:
  faults:
    components: [{ unit: cron.service }, { dbms: auto, ${limits} }]
    backup: { files: [/etc/mysql] }
vms:
  ${guest.name}:
    hypervisor: ${entry.name}
    id: "${entry.id}"
    ssh: { host: ${guest.host}, port: ${guest.sshPort} }
    profile: faults
    hold: ${hold}
    drain: 2s
    database: { user: stillshot, password: ${await secret('database')} }
    backup: { repository: nas }
policies:
  newest: { select: { vms: [${guest.name}] }, schedule: "0 3 * * *", keep: { last: 1 } }
repositories:
  nas: { kind: directory, path: ../repository, compression: gzip }
  off: { kind: restic, repository: "/nowhere", password: ${await secret('repository')} }
state: { directory: state }
`)
  return cli
}
