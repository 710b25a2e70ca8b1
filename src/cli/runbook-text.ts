import type { Runbook, RunbookPoint } from '../coordinator/runbook.ts'
import { shellWord } from '../system/shell-word.ts'
import { line } from './format.ts'
import { gradeText } from './point-text.ts'

/** The runbook as a person reads it with nothing else at hand: Markdown, each command on a line of its own. */
export function runbookText(book: Runbook): string {
  const { vm, writtenAt, machine, guest, profile, points } = book
  const best = points.find(({ id }) => id === book.recommended) ?? points.find(isToRelyOn)
  const others = points.filter((point) => point !== best)
  return [
    line`# Putting back ${vm} without stillshot`,
    '',
    line`As of ${writtenAt}. With stillshot: \`stillshot restore ${vm}\`, which does all of this and proves it.`,
    '',
    line`- machine: ${machine.nativeId} on ${machine.hypervisor} (${machine.kind}), called ${machine.name}, SMBIOS UUID ${machine.uuid}`,
    line`- guest: \`ssh -p ${guest.port} ${guest.user}@${guest.host}\`, profile ${profile}`,
    '',
    ...(points.length === 0 ? [line`The hypervisor has no restore point of ${vm}.`, ''] : steps(book, best)),
    ...(others.length === 0 ? [] : ['## Other restore points, newest first', '', ...others.flatMap(otherPoint)]),
    ...afterwards(vm),
  ].join('\n')
}

/** What stillshot took to be gone back to, and nothing speaks against. */
function isToRelyOn({ kind, grade }: RunbookPoint): boolean {
  return kind === 'snapshot' && grade !== 'suspect'
}

function steps(book: Runbook, best: RunbookPoint | undefined): readonly string[] {
  const { safetySnapshot, powerOn } = book
  return [
    '## 1. Keep what is there now',
    '',
    command(safetySnapshot),
    '',
    'so that this can be undone. Leave it out where the storage goes back to its newest snapshot only (ZFS): there, copy what is still needed.',
    '',
    '## 2. Put the disks back',
    '',
    ...(best === undefined
      ? [line`No point is one to rely on: see what is known of each, below.`]
      : putBack(book, best)),
    '',
    '## 3. Start it',
    '',
    command(powerOn),
    '',
    '## 4. Look, in the guest',
    '',
    ...(best?.units ?? []).map((unit) => line`- \`systemctl is-active ${shellWord(unit)}\` says active`),
    '- the server answers `SELECT 1`, and its log says nothing of crash recovery since it started',
    ...(best === undefined ? [] : markersText(book, best)),
    '',
  ]
}

function putBack({ recommended }: Runbook, best: RunbookPoint): readonly string[] {
  const advice =
    recommended === null ? 'No point is db-stopped; the newest is' : 'The newest point that is db-stopped is'
  return [
    line`${advice} ${best.id} of ${best.createdAt}. What was written since is lost.`,
    ...newerText(best),
    '',
    gradeText(best),
    '',
    command(best.rollBack),
  ]
}

/** The guest said where they are: it is a word of others. */
function markersText({ vm }: Runbook, { id, markers }: RunbookPoint): readonly string[] {
  return markers.map(
    (path) => line`- \`head -c 26 ${shellWord(path)}\` says ${id}: ${vm} is at this point and at no other`,
  )
}

function otherPoint(point: RunbookPoint): readonly string[] {
  const kind = point.kind === 'safety' ? ', taken before a restore' : ''
  return [
    line`### ${point.id} of ${point.createdAt}${kind}`,
    '',
    gradeText(point),
    ...newerText(point),
    '',
    command(point.rollBack),
    '',
  ]
}

function newerText({ newer }: RunbookPoint): readonly string[] {
  return newer.length === 0 ? [] : [line`Newer snapshots: ${newer.join(', ')}.`]
}

function afterwards(vm: string): readonly string[] {
  return [
    '## Afterwards',
    '',
    line`Where the catalog of stillshot is lost: \`stillshot catalog rebuild ${vm}\`. Where a run was cut off: \`stillshot recover\`.`,
    '',
  ]
}

/** Indented, so that Markdown shows it as it is typed. */
function command(words: string): string {
  return line`    ${words}`
}
