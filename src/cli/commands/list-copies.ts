import type { ListedCopy } from '../../coordinator/kept-copies.ts'
import { type StillshotError, toStillshotError, worstExitStatus } from '../../errors.ts'
import type { App, Session } from '../app.ts'
import { formatAge, formatTable, line } from '../format.ts'
import type { CommandResult } from '../result.ts'
import { selectVms } from '../vms.ts'

/** Of these VMs; without a name everything that is kept on any hypervisor of the configuration. */
export async function listCopies(app: App, session: Session, names: readonly string[]): Promise<CommandResult> {
  const { vms } = await session.settings()
  const chosen = names.length === 0 ? Object.entries(vms) : await selectVms(session, names)
  const catalog = await session.catalog()
  const copies: ListedCopy[] = []
  const failed: { hypervisor: string; error: StillshotError }[] = []
  for (const hypervisor of new Set(chosen.map(([, entry]) => entry.hypervisor))) {
    try {
      const opened = await session.openHypervisor(hypervisor)
      const ofIt = Object.entries(vms).filter(([, entry]) => entry.hypervisor === hypervisor)
      const named = ofIt.map(([name, { id }]) => ({ name, reference: id }))
      copies.push(...(await app.procedures.keptCopies(opened, { catalog, vms: named, signal: app.signal })))
    } catch (thrown) {
      app.signal.throwIfAborted()
      failed.push({ hypervisor, error: toStillshotError(thrown) })
    }
  }
  const wanted = copies.filter(({ vm }) => names.length === 0 || (vm !== null && names.includes(vm)))
  const now = app.system.clock.now()
  const rows = wanted.map(({ vm, name, createdAt, power, snapshotName, hypervisor }) => [
    vm ?? '-',
    name,
    formatAge(now, createdAt),
    power,
    snapshotName,
    hypervisor,
  ])
  const table = formatTable(['VM', 'COPY', 'AGE', 'POWER', 'SNAPSHOT', 'ON'], rows)
  const reach = wanted.map((copy) => line`reach ${copy.name} with: ${copy.reach}\n`).join('')
  const none = failed.length === 0 ? 'no copy is kept\n' : ''
  return {
    document: { copies: wanted, failed: failed.map(({ hypervisor, error }) => ({ hypervisor, ...wordsOf(error) })) },
    text: rows.length === 0 ? none : `${table}${reach}`,
    errorText: failed
      .map(
        ({ hypervisor, error }) => line`${hypervisor}: not seen: ${error.message} (${error.code})\n  ${error.hint}\n`,
      )
      .join(''),
    exitStatus: worstExitStatus(failed.map(({ error }) => error.exitStatus)),
  }
}

function wordsOf({ code, message, hint }: StillshotError) {
  return { code, message, hint }
}
