import type { Command } from 'commander'
import { nativeIdOfVmKey, type RestorePoint, type RunRecord } from '../../catalog/catalog.ts'
import { dumpEvidence } from '../../coordinator/backup-manifest.ts'
import { configurationReport } from '../../coordinator/configuration-report.ts'
import type { BackedUpEvidence } from '../../coordinator/unfinished-backup.ts'
import { StillshotError, toStillshotError } from '../../errors.ts'
import type { StreamFacts } from '../../repository/manifest.ts'
import type { JournalEvent } from '../../saga/journal-event.ts'
import { shellWord } from '../../system/shell-word.ts'
import type { App, Session } from '../app.ts'
import { formatAge, formatBytes, indent, line } from '../format.ts'
import { drillText, gradeText, outageText, pointDocument } from '../point-text.ts'
import { proofLines } from '../proofs.ts'
import type { Act, CommandResult } from '../result.ts'
import { timeline } from '../timeline.ts'
import { selectVms } from '../vms.ts'

export function showCommand(program: Command, act: Act): void {
  program
    .command('show')
    .description('one restore point or run: evidence, timeline, and the command to roll back by hand')
    .argument('<id>', 'of a restore point or a run, or its beginning (at least 4 characters)')
    .action((id: string) => act('show', (session, app) => show(app, session, id)))
}

async function show(app: App, session: Session, id: string): Promise<CommandResult> {
  const catalog = await session.catalog()
  const point = await catalog.point(id)
  const run = await findRun(await catalog.runs(), point?.run ?? id)
  if (point === undefined && run === undefined) {
    throw new StillshotError('point-not-found', `there is no restore point or run ${id}`)
  }
  const runId = point?.run ?? run?.id ?? ''
  const journal = await readEvents(app, session, runId)
  const byHand = point === undefined ? undefined : await commandsByHand(app, session, point)
  const text = [
    point === undefined ? '' : pointText(app, point),
    run === undefined ? '' : runText(run),
    typeof journal === 'string' ? line`timeline: ${journal}\n` : `timeline\n${indent(timeline(journal))}`,
    byHand === undefined || point === undefined ? '' : byHandText(point, byHand),
  ]
  return {
    document: {
      point: point === undefined ? null : pointDocument(point),
      run: run ?? null,
      journal: typeof journal === 'string' ? [] : journal,
      byHand: byHand?.join('\n') ?? null,
    },
    text: text.filter((part) => part !== '').join('\n'),
  }
}

function findRun(runs: readonly RunRecord[], id: string): RunRecord | undefined {
  const found = runs.filter((run) => run.id === id || (id.length >= 4 && run.id.startsWith(id.toUpperCase())))
  if (found.length > 1) throw new StillshotError('point-not-found', `${id} is the beginning of ${found.length} runs`)
  return found[0]
}

/** The journal may be on another machine, or gone: the rest is worth showing all the same. */
async function readEvents(app: App, session: Session, run: string): Promise<readonly JournalEvent[] | string> {
  const { directory } = (await session.settings()).state
  try {
    return await app.procedures.readJournal(app.system.files, `${directory}/runs/${run}.jsonl`)
  } catch (thrown) {
    return toStillshotError(thrown).message
  }
}

/** Asks the hypervisor for the VM, bounded: somebody reads this when little else works. */
async function commandsByHand(app: App, session: Session, point: RestorePoint): Promise<readonly string[]> {
  if (point.kind === 'backup') return [unpackByHand(point)]
  const dump = dumpEvidence(point)
  if (dump !== undefined) return dump.manifest.restore
  try {
    for (const [, entry] of await selectVms(session, [point.vm])) {
      const hypervisor = await session.openHypervisor(entry.hypervisor)
      const vm = await hypervisor.findVm(entry.id, { signal: app.signal, timeoutMs: 5000 })
      return [hypervisor.byHand(vm, 'roll-back', point.snapshot)]
    }
  } catch (thrown) {
    return [`not known: ${toStillshotError(thrown).message}`]
  }
  return ['not known']
}

/** No VM is rolled back to an archive; without --force nothing that is there is overwritten. */
function unpackByHand({ snapshot, vmKey, hypervisor, evidence }: RestorePoint): string {
  const { backup } = evidence as Partial<BackedUpEvidence>
  if (backup?.state !== 'done') return 'not known: nobody has seen the end of the backup'
  const words = ['qmrestore', snapshot, nativeIdOfVmKey(vmKey)].map(shellWord)
  return `${words.join(' ')} (on a node of ${hypervisor}; over a VM that is there with --force, which deletes its disks)`
}

function byHandText({ kind }: RestorePoint, commands: readonly string[]): string {
  const where = kind === 'dump' ? 'in the folder of the backup' : 'on the hypervisor'
  return `by hand, ${where}\n${commands.map((command) => line`  ${command}\n`).join('')}`
}

function whereText({ kind, snapshot, hypervisor }: RestorePoint): string {
  if (kind === 'dump') return line`  backup of databases, files or configuration in ${snapshot}`
  if (kind === 'backup') return line`  backup ${snapshot}, made by ${hypervisor} itself`
  return line`  snapshot ${snapshot} on ${hypervisor} only: a copy elsewhere is a backup, this is not`
}

function pointText(app: App, point: RestorePoint): string {
  const age = formatAge(app.system.clock.now(), point.createdAt)
  const lines = [
    line`restore point ${point.id} of ${point.vm}, ${age} old (${point.createdAt})`,
    indent(gradeText(point)),
    ...(point.mode === 'none' ? [] : [`  taken in mode ${point.mode}`]),
    ...(point.outage === undefined ? [] : [`  outage ${outageText(point.outage)}`]),
    ...(point.note === undefined ? [] : [line`  note: ${point.note}`]),
    ...(point.drills ?? []).map((drill) => line`  drill of ${drill.at}: ${drillText(drill)}`),
    whereText(point),
    ...(dumpEvidence(point)?.manifest.streams ?? []).map(streamText),
    ...configurationLines(point),
    ...proofLines(point.evidence).map((line) => `  ${line}`),
  ]
  return `${lines.join('\n')}\n`
}

/** The names of all files and packages are in the backup itself. */
function configurationLines(point: RestorePoint): readonly string[] {
  const { configuration, configurationChanges } = dumpEvidence(point) ?? {}
  if (configuration === undefined) return []
  const report = configurationReport(configuration, configurationChanges, { packages: false })
  return [
    '  configuration',
    ...report
      .split('\n')
      .filter(Boolean)
      .map((text) => line`    ${text}`),
  ]
}

function streamText({ name, sizeBytes, contentBytes }: StreamFacts): string {
  return line`  ${name}: ${formatBytes(sizeBytes)}, ${formatBytes(contentBytes)} unpacked`
}

function runText({ id, procedure, vm, startedAt, endedAt, outcome, error }: RunRecord): string {
  const end =
    endedAt === undefined ? 'has not ended: if its process is dead, `stillshot recover` settles it' : `ended ${endedAt}`
  const failure = error === undefined ? '' : line`\n  ${error.message} (${error.code})`
  return `${line`run ${id}: ${procedure} of ${vm}, ${outcome ?? 'open'}\n  began ${startedAt}, ${end}`}${failure}\n`
}
