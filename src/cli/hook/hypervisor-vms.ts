import type { VmEntry } from '../../config/settings.ts'
import { StillshotError, toStillshotError } from '../../errors.ts'
import type { Session } from '../app.ts'

/** The Proxmox VE that a hook speaks for: the one that is named, or the only one there is. Throws `usage`. */
export async function hookHypervisor(session: Session, named: string | undefined): Promise<string> {
  const { hypervisors, file } = await session.settings()
  const known = Object.keys(hypervisors).filter((name) => hypervisors[name]?.kind === 'proxmox')
  const [only] = known
  if (named === undefined && only !== undefined && known.length === 1) return only
  if (named !== undefined && known.includes(named)) return named
  const which = named === undefined ? 'name one with --hypervisor' : `${named} is none`
  throw new StillshotError('usage', `${which}: ${file} has these of kind proxmox: ${known.join(', ') || 'none'}`)
}

/**
 * The VM of this vmid, among those of this hypervisor alone; undefined when it is not ours. The hypervisor is asked only
 * when no `id:` is that number: another one's name must not be in the way of it. Throws `vm-ambiguous` for two.
 */
export async function vmByVmid(
  session: Session,
  hypervisor: string,
  vmid: string,
  signal: AbortSignal,
): Promise<readonly [string, VmEntry] | undefined> {
  const { vms } = await session.settings()
  const own = Object.entries(vms).filter(([, entry]) => entry.hypervisor === hypervisor)
  const numbered = own.find(([, { id }]) => id === vmid)
  if (numbered !== undefined) return numbered
  const named: [string, VmEntry][] = []
  for (const [name, entry] of own) {
    if (!/^[0-9]+$/.test(entry.id) && (await nativeId(session, entry, signal)) === vmid) named.push([name, entry])
  }
  if (named.length < 2) return named[0]
  const names = named.map(([name]) => name).join(', ')
  throw new StillshotError('vm-ambiguous', `${vmid} of ${hypervisor} is under vms: as ${names}`)
}

/** The vmids of all VMs of this hypervisor under `vms:`, of those with a name, too. Rejects when one cannot be asked for. */
export async function vmidsOf(session: Session, hypervisor: string, signal: AbortSignal): Promise<readonly string[]> {
  const { vms } = await session.settings()
  const vmids: string[] = []
  for (const [name, entry] of Object.entries(vms)) {
    if (entry.hypervisor !== hypervisor) continue
    const vmid = /^[0-9]+$/.test(entry.id) ? entry.id : await nativeId(session, entry, signal)
    if (vmid === undefined) throw new StillshotError('vm-not-found', `${name}: ${hypervisor} has no VM ${entry.id}`)
    vmids.push(vmid)
  }
  return vmids
}

async function nativeId(
  session: Session,
  { hypervisor, id }: VmEntry,
  signal: AbortSignal,
): Promise<string | undefined> {
  const opened = await session.openHypervisor(hypervisor)
  try {
    return (await opened.findVm(id, { signal, timeoutMs: 30_000 })).nativeId
  } catch (thrown) {
    if (toStillshotError(thrown).code === 'vm-not-found') return undefined
    throw thrown
  }
}
