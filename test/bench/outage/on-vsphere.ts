import { join } from 'node:path'
import { Endpoint } from '../../../adapters/https/endpoint.ts'
import { Session } from '../../../adapters/hypervisors/vsphere/session.ts'
import { followTask } from '../../../adapters/hypervisors/vsphere/tasks.ts'
import { type Ref, ref } from '../../../adapters/hypervisors/vsphere/values.ts'
import type { Errand } from '../../../adapters/hypervisors/vsphere/vim.ts'
import { VimClient } from '../../../adapters/hypervisors/vsphere/vim-client.ts'
import { VimHttp } from '../../../adapters/hypervisors/vsphere/vim-http.ts'
import { VsphereHypervisor } from '../../../adapters/hypervisors/vsphere/vsphere-hypervisor.ts'
import { NodeClock } from '../../../adapters/system/node-clock.ts'
import { cliOnHypervisor } from '../../labs/cli-on-hypervisor.ts'
import { runCommand } from '../../labs/command.ts'
import { containerGuest } from '../../labs/container/container-guest.ts'
import { containerOnVsphere } from '../../labs/container/container-on-vsphere.ts'
import { openLabPorts } from '../../labs/lab-ports.ts'
import { labPaths } from '../../labs/paths.ts'
import { PASSWORD, USERNAME } from '../../labs/vsphere/simulator.ts'
import type { Ground } from './ground.ts'
import { SUDOERS, sshWords } from './on-proxmox.ts'

const SCRIPT = join(import.meta.dirname, 'script-on-vsphere.py')
const LIMIT = { timeoutMs: 120_000 }

/** As long as the snapshot's task takes at the least. */
const TASK_MS = 500

/** The simulated vCenter in front of a native guest. The other way is pyvmomi, VMware's own, as Debian packs it. */
export async function onVsphere(): Promise<Ground> {
  const guest = await containerGuest('bench-vc')
  const vsphere = await containerOnVsphere(guest)
  const { simulator, entry } = vsphere
  const paths = { folder: labPaths().folder }
  const cli = await cliOnHypervisor(paths, guest, entry)
  await guest.run('cat > /etc/sudoers.d/script', { input: `${SUDOERS}\n` })
  await simulator.rule({ method: 'CreateSnapshotEx_Task', delayMs: TASK_MS, times: 100_000 })
  await simulator.rule({ method: 'CreateSnapshot_Task', delayMs: TASK_MS, times: 100_000 })
  const clock = new NodeClock()
  const login = { username: USERNAME, password: async () => PASSWORD }
  const hypervisor = new VsphereHypervisor({
    ...{ name: 'vc', url: simulator.url, authorityPath: simulator.authorityPath, login, clock },
  })
  const settings = { reference: guest.name }
  const ports = await openLabPorts({ uri: 'test:///default' }, guest, cli, { over: () => hypervisor, settings })
  const { nativeId } = await hypervisor.findVm(guest.name)
  const trust = async () => ({ authority: simulator.certificate.ca, hint: '' })
  const endpoint = new Endpoint({
    ...{ url: simulator.url, trust, clock },
    limits: { longestIdleMs: 10_000, mostRequests: 10_000 },
  })
  const session = new Session(new VimClient(new VimHttp(endpoint, clock)), login, clock)
  const errandOf = (doing: string): Errand => ({
    call: { signal: new AbortController().signal, changeSent: false },
    doing,
  })
  const vm = await findVm(session, nativeId, errandOf('find'))
  const { hostname, port } = new URL(simulator.url)
  return {
    guest,
    ports,
    async bareSnapshot(name) {
      const errand = errandOf(`take ${name}`)
      const fields = { name, description: '', memory: false }
      const task = ref(await session.call('CreateSnapshotEx_Task', vm, fields, errand))
      const fault = task && (await followTask({ session, clock }, task, errand))
      if (task === undefined || fault !== undefined) throw new Error(`${name}: ${fault?.message}`)
    },
    warm: async () => void (await session.call('CurrentTime', SERVICE, {}, errandOf('keep warm'))),
    async script(name) {
      const words = [SCRIPT, hostname, port, simulator.authorityPath, USERNAME, nativeId, name, ...sshWords(guest)]
      const python = ['ELEVATE=sudo -n', '/usr/bin/python3', '-W', 'ignore', ...words]
      await runCommand('env', python, { ...LIMIT, input: `${PASSWORD}\n` })
    },
    async close() {
      await session.close()
      await hypervisor.close()
      await ports.close()
      await vsphere.close()
      await guest.destroy()
    },
  }
}

const SERVICE: Ref = { type: 'ServiceInstance', value: 'ServiceInstance' }

async function findVm(session: Session, uuid: string, errand: Errand): Promise<Ref> {
  const found = ref(
    await session.call('FindAllByUuid', 'searchIndex', { uuid, vmSearch: true, instanceUuid: true }, errand),
  )
  if (found === undefined) throw new Error(`no VM ${uuid}`)
  return found
}
