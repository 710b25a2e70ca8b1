import type { Command } from 'commander'
import type { RestorePoint } from '../../catalog/catalog.ts'
import { hasCopyElsewhere } from '../../coordinator/copies-elsewhere.ts'
import { pointsThere } from '../../coordinator/points-there.ts'
import type { App, Session } from '../app.ts'
import { formatAge, formatMs, formatTable, line } from '../format.ts'
import { pointDocument } from '../point-text.ts'
import type { Act, CommandResult } from '../result.ts'
import { selectVms } from '../vms.ts'
import { listCopies } from './list-copies.ts'

export function listCommand(program: Command, act: Act): void {
  program
    .command('list')
    .description('restore points, newest first: age, grade, outage, where it lives')
    .argument('[vm...]', 'names under vms:; default: all, also those that are no longer configured')
    .option('--copies', 'the copies that `restore --as` made and nobody has removed, as the hypervisors have them')
    .action((vms: string[], { copies = false }: { copies?: boolean }) =>
      act('list', (session, app) => (copies ? listCopies(app, session, vms) : list(app, session, vms))),
    )
}

async function list(app: App, session: Session, names: readonly string[]): Promise<CommandResult> {
  await selectVms(session, names)
  const catalog = await session.catalog()
  const points = (await catalog.points()).filter(({ vm }) => names.length === 0 || names.includes(vm))
  const { there, gone } = await pointsThere(session.repositories, points, { signal: app.signal, timeoutMs: 10_000 })
  const now = app.system.clock.now()
  const rows = points.map((point) => [
    point.vm,
    point.id,
    formatAge(now, point.createdAt),
    point.grade,
    point.outage === undefined ? '-' : formatMs(point.outage.totalMs),
    lastDrill(point, now),
    kindOf(point),
    gone.includes(point) ? `gone from ${placeOf(point)}` : placeOf(point),
  ])
  const table = formatTable(['VM', 'ID', 'AGE', 'GRADE', 'OUTAGE', 'DRILL', 'KIND', 'WHERE'], rows)
  const here = [...new Set(points.map(({ vm }) => vm))].filter(
    (vm) => !hasCopyElsewhere(there.filter((point) => point.vm === vm)),
  )
  return {
    document: { points: points.map(pointDocument), withoutCopyElsewhere: here, gone: gone.map(({ id }) => id) },
    text: rows.length === 0 ? 'no restore points\n' : table,
    errorText: here
      .map((vm) => line`${vm}: FAULT: nothing of it lies elsewhere: no backup is left when its storage is lost\n`)
      .join(''),
  }
}

/** With the mode, where it is another than most have. */
function kindOf({ kind, mode }: RestorePoint): string {
  return mode === 'freeze' ? `${kind} (${mode})` : kind
}

function lastDrill({ drills }: RestorePoint, now: number): string {
  const last = drills?.at(-1)
  return last === undefined ? '-' : `${last.result}, ${formatAge(now, last.at)}`
}

/** A snapshot stays on the storage of the machine that it secures; nobody should take it for a backup. */
function placeOf({ hypervisor, kind, snapshot }: RestorePoint): string {
  return kind === 'backup' || kind === 'dump' ? snapshot : `on ${hypervisor} only`
}
