import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../../labs/command.ts'
import { containerGuest } from '../../labs/container/container-guest.ts'
import { containerOnProxmox } from '../../labs/container/container-on-proxmox.ts'
import type { GuestUnderTest } from '../../labs/guest-under-test.ts'
import { openLabPorts } from '../../labs/lab-ports.ts'
import { labPaths } from '../../labs/paths.ts'
import { ask, dataOf } from '../../labs/proxmox/ask.ts'
import { cliOnStandIn } from '../../labs/proxmox/cli-on-stand-in.ts'
import { hypervisorOnStandIn } from '../../labs/proxmox/hypervisor-on-stand-in.ts'
import type { Ground } from './ground.ts'

const SCRIPT = join(import.meta.dirname, 'script-on-proxmox.sh')
const LIMIT = { timeoutMs: 120_000 }

/** The script may do what it needs, by the same kind of login as stillshot: whose key opens root's shell needs no sudo. */
export const SUDOERS =
  'stillshot ALL=(root) NOPASSWD: /usr/bin/systemctl stop mariadb, /usr/bin/systemctl start mariadb'

const ELEVATE = 'ELEVATE=sudo -n'

/** The stand-in of Proxmox VE in front of a native guest; its tasks take what internal snapshots of its images take. */
export async function onProxmox(): Promise<Ground> {
  const guest = await containerGuest('bench')
  const pve = await containerOnProxmox(guest)
  const cli = await cliOnStandIn({ folder: labPaths().folder }, guest, pve)
  const hypervisor = hypervisorOnStandIn(pve)
  const vmid = String(pve.vmid)
  await guest.run('cat > /etc/sudoers.d/script', { input: `${SUDOERS}\n` })
  const ports = await openLabPorts({ uri: 'none' }, guest, cli, {
    over: () => hypervisor,
    settings: { reference: vmid },
  })
  const authorization = { Authorization: `PVEAPIToken=${(await readFile(pve.tokenPath, 'utf8')).trim()}` }
  return {
    guest,
    ports,
    async bareSnapshot(name) {
      const call = `POST /nodes/pve1/qemu/${vmid}/snapshot`
      const upid = dataOf<string>(await ask(pve.standIn, call, { headers: authorization, form: { snapname: name } }))
      await pve.standIn.tasks().find((task) => task.upid === upid)?.ended
    },
    async script(name) {
      const words = [SCRIPT, pve.url, pve.caPath, vmid, name, ...sshWords(guest)]
      await runCommand('env', [ELEVATE, 'bash', ...words], { ...LIMIT, input: 'root\n' })
    },
    async close() {
      await hypervisor.close()
      await ports.close()
      await pve.close()
      await guest.destroy()
    },
  }
}

export function sshWords({ knownHostsPath, userKeyPath, sshPort, user, host }: GuestUnderTest): readonly string[] {
  const options = [
    'BatchMode=yes',
    `UserKnownHostsFile=${knownHostsPath}`,
    'StrictHostKeyChecking=yes',
    'LogLevel=ERROR',
  ]
  const flags = options.flatMap((option) => ['-o', option])
  return ['-F', '/dev/null', ...flags, '-i', userKeyPath, '-p', String(sshPort), `${user}@${host}`]
}
