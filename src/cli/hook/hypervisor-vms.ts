import type { VmEntry } from '../../config/settings.ts'
import { StillshotError } from '../../errors.ts'
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
 * The VM of this vmid, among those of this hypervisor alone; undefined when it is not ours. Only an `id:` that is no vmid
 * makes the hypervisor be asked. Throws `vm-ambiguous` when two names mean it.
 */
export async function vmByVmid(
  session: Session,
  hypervisor: string,
  vmid: string,
  signal: AbortSignal,
): Promise<readonly [string, VmEntry] | undefined> {
  const { vms } = await session.settings()
  const found: [string, VmEntry][] = []
  for (const [name, entry] of Object.entries(vms)) {
    if (entry.hypervisor === hypervisor && (await idOf(session, entry, signal)) === vmid) found.push([name, entry])
  }
  if (found.length < 2) return found[0]
  const names = found.map(([name]) => name).join(', ')
  throw new StillshotError('vm-ambiguous', `${vmid} of ${hypervisor} is under vms: as ${names}`)
}

async function idOf(session: Session, { hypervisor, id }: VmEntry, signal: AbortSignal): Promise<string> {
  if (/^[0-9]+$/.test(id)) return id
  const opened = await session.openHypervisor(hypervisor)
  return (await opened.findVm(id, { signal, timeoutMs: 30_000 })).nativeId
}
