import { openLab } from './lab.ts'

/** `node test/labs/lab-up.ts [NAME]`: brings a guest up, `dev` unless named, and says how to reach it. */
const name = process.argv[2] ?? 'dev'
const lab = await openLab()
const began = performance.now()
const guest = await lab.guest(name)
const seconds = ((performance.now() - began) / 1000).toFixed(1)
process.stdout.write(`${guest.domain} is up after ${seconds} s (${lab.accelerator})

  libvirt      ${lab.uri}
  domain       ${guest.domain}
  UUID         ${guest.uuid}
  console      ${guest.consolePath}
  known_hosts  ${guest.knownHostsPath}
  as root      ssh -i ${guest.rootKeyPath} -o UserKnownHostsFile=${guest.knownHostsPath} -p ${guest.sshPort} root@${guest.host}
  as user      ssh -i ${guest.userKeyPath} -o UserKnownHostsFile=${guest.knownHostsPath} -p ${guest.sshPort} ${guest.user}@${guest.host}
  remove it    node test/labs/clean.ts ${name}
`)
