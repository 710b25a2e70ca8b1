import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLab } from '../lab.ts'
import { serveControl } from './control.ts'
import { openLabStandIn } from './lab-stand-in.ts'

/**
 * `node test/labs/proxmox/up.ts [NAME]`: a Proxmox VE stand-in in front of a guest of the lab, `pve` unless named, until
 * it is interrupted. A guest of this name that is there already is kept.
 */
const name = process.argv[2] ?? 'pve'
const lab = await openLab()
const guest = (await lab.find(name)) ?? (await lab.guest(name))
const { standIn, vmid, url, caPath, fingerprint, tokenPath } = await openLabStandIn(lab, guest, {
  nodes: ['pve1', 'pve2'],
})
// In the temporary folder, because a socket's path may have 107 bytes only.
const controlPath = join(tmpdir(), `stillshot-pve-${guest.uuid}`)
const control = await serveControl(standIn, controlPath)
process.stdout.write(`Proxmox VE stand-in, guest ${vmid} is ${guest.domain}

  pve1         ${url}
  pve2         ${standIn.server('pve2').url}
  CA           ${caPath}
  fingerprint  SHA256:${fingerprint}
  token        file:${tokenPath}
  root         root@pam, password "root"
  control      curl --unix-socket ${controlPath} -d '{"act":"lock","vmid":${vmid},"lock":"backup"}' http://stand-in/
  try it       curl --cacert ${caPath} -H "Authorization: PVEAPIToken=$(cat ${tokenPath})" ${url}/api2/json/cluster/resources
  as root      ssh -i ${guest.rootKeyPath} -o UserKnownHostsFile=${guest.knownHostsPath} -p ${guest.sshPort} root@${guest.host}
  remove it    Ctrl-C, then node test/labs/clean.ts ${name}
`)
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
control.close()
await standIn.close()
await rm(controlPath, { force: true })
