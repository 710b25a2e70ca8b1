import type { DrillRecord, Outage, RestorePoint } from '../catalog/catalog.ts'
import type { Grade } from '../grade/grade.ts'
import { formatMs, line } from './format.ts'

/** A restore point in the documents of `snapshot`, `list` and `show`. */
export function pointDocument(point: RestorePoint): Record<string, unknown> {
  const { id, run, vm, hypervisor, snapshot, createdAt, kind, mode, grade, reasons, outage, note, evidence } = point
  const { drills = [] } = point
  return {
    ...{ id, run, vm, hypervisor, snapshot, createdAt, kind, mode, grade, reasons },
    ...{ outage: outage ?? null, note: note ?? null, drills, evidence },
  }
}

/** What a grade means, for people who meet it for the first time at night. */
export const GRADE_WORDS: Readonly<Record<Grade, string>> = {
  'db-stopped': 'the database was stopped cleanly and nothing ran in between',
  'db-locked': 'the database ran, locked against changes',
  'fs-frozen': 'the file systems were frozen under a running database',
  'crash-only': 'as after a power cut: the database must recover when it starts',
  suspect: 'do not rely on it: something was seen that contradicts a good snapshot',
}

/** The same of a dump, which is no picture of disks. */
const DUMP_WORDS: Readonly<Partial<Record<Grade, string>>> = {
  'db-locked': 'every table as it was at one moment, read while the database ran',
  'crash-only': 'each table by itself: not all of them are shown to be of one moment',
}

/** `4.2 s: stop 1.1 s, snapshot 0.6 s, start 1.9 s, ready 600 ms`. */
export function outageText(outage: Outage): string {
  const { stopMs, snapshotMs, startMs, readyMs, totalMs } = outage
  const parts = [`stop ${formatMs(stopMs)}`, `snapshot ${formatMs(snapshotMs)}`, `start ${formatMs(startMs)}`]
  return `${formatMs(totalMs)}: ${[...parts, `ready ${formatMs(readyMs)}`].join(', ')}`
}

/** `passed in 1 min 10 s: boot 40 s, ready 9 s, checks 12 s`. */
export function drillText({ result, bootMs, readyMs, checkMs, totalMs }: DrillRecord): string {
  const parts = [`boot ${formatMs(bootMs)}`, `ready ${formatMs(readyMs)}`, `checks ${formatMs(checkMs)}`]
  return `${result} in ${formatMs(totalMs)}: ${parts.join(', ')}`
}

/** Grade with its meaning and every reason for it. */
export function gradeText(
  point: Pick<RestorePoint, 'grade' | 'reasons'> & { readonly kind?: RestorePoint['kind'] },
): string {
  const reasons = point.reasons.map((reason) => line`\n  because ${reason.message} (${reason.code})`)
  const words = point.kind === 'dump' ? DUMP_WORDS[point.grade] : undefined
  return [line`${point.grade}: ${words ?? GRADE_WORDS[point.grade]}`, ...reasons].join('')
}
