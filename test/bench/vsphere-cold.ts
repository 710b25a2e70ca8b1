import { VsphereHypervisor } from '../../adapters/hypervisors/vsphere/vsphere-hypervisor.ts'
import { NodeClock } from '../../adapters/system/node-clock.ts'

/**
 * One cold process of the benchmark `vsphere`: connects and logs in, then looks for a VM that is not there, for which all
 * are listed. Prints what that cost. Arguments: address, file of the authority, user; the password on stdin.
 */
const [url = '', authorityPath = '', username = ''] = process.argv.slice(2)
const password = (await process.stdin.toArray()).join('')
const begun = process.cpuUsage()
const login = { username, password: async () => password }
const hypervisor = new VsphereHypervisor({ name: 'vc', url, authorityPath, login, clock: new NodeClock() })
await hypervisor.check()
const { user, system } = process.cpuUsage(begun)
const loginRssBytes = process.memoryUsage().rss
const listedAt = performance.now()
await hypervisor.findVm('no-such-vm').catch(() => {})
const listMs = performance.now() - listedAt
const listRssBytes = process.resourceUsage().maxRSS * 1024
await hypervisor.close()
process.stdout.write(JSON.stringify({ loginCpuMs: (user + system) / 1000, loginRssBytes, listMs, listRssBytes }))
