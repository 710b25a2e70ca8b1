import type { RestorePoint } from '../catalog/catalog.ts'
import { vmKey } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { InventoryAnswer } from '../guest/protocol/answers.ts'
import type { Wanted } from '../repository/logged-statement.ts'
import type { LogPosition, Manifest, StreamFacts } from '../repository/manifest.ts'
import { type ReplayFacts, replayable } from '../repository/replayable.ts'
import type { BackupWriter, Repository } from '../repository/repository.ts'
import { sealFor, storedName, wrappingOf } from '../repository/stored-stream.ts'
import type { Clock } from '../system/clock.ts'
import { formatInstant } from '../system/instant.ts'
import { stallLimit } from '../system/stall-limit.ts'
import { type Content, packedHere, watched } from './arriving-stream.ts'
import { pointOfManifest, restoreCommands } from './backup-manifest.ts'
import { binlogFindings, startOf } from './judge-binlogs.ts'
import { judgeEnd } from './judge-dump.ts'
import type { Ports, VmSettings } from './ports.ts'
import { refuseIfAny } from './preflight.ts'
import { type BackupPlace, settleBackup } from './take-backup.ts'

/** What was changed after a backup, until a time. */
export interface ChangesOrder {
  readonly manifest: Manifest
  readonly atMs: number
  readonly wanted: Wanted
  readonly signal: AbortSignal
}

export interface SavedChanges {
  readonly point: RestorePoint
  readonly manifest: Manifest
  readonly facts: ReplayFacts
}

const STALL_MS = 300_000
/** Begins the note of what is kept of a log. */
const CHANGES_NOTE = 'changes after the backup'

/** A log that holds everything of the server, or one of which other databases are left out. Pure. */
export function wantedChanges(
  databases: readonly string[],
  { server }: Manifest,
  { databases: here }: Pick<InventoryAnswer, 'databases'>,
): Wanted {
  const known = new Set([...(server?.databases ?? []), ...here.map(({ name }) => name)])
  const others = [...known].filter((name) => !databases.includes(name))
  return { databases, others, everything: others.length === 0 }
}

/**
 * Keeps what the binary log holds from a backup's position until the time as a backup of its own, before anything is dropped: the
 * logs lie on the disk of the server that is about to be written, and whether they can be replayed is seen while they are read. The
 * log ends where it stands now: what a restore writes into it is none of it. Rejects with `not-replayable` when the logs do not lead
 * there, cannot be told apart, or hold no change.
 */
export async function saveChanges(
  ports: Ports,
  settings: VmSettings,
  { run, vm, repository, id }: BackupPlace,
  { manifest, atMs, wanted, signal }: ChangesOrder,
): Promise<SavedChanges> {
  const { saga, helper } = run
  const { clock } = ports.system
  const from = startOf(manifest)
  const call = { signal, timeoutMs: 120_000, machine: vm.uuid }
  const answer = await helper.binlogs(settings.profile.name, [from.file, from.position], call)
  refuseIfAny(settings.name, binlogFindings(manifest, from, answer))
  const to = answer.end ?? from
  const key = { vm: settings.name, id }
  const createdAt = formatInstant(clock.now())
  await saga.intend({ step: 'write-changes', undo: settleBackup(repository, key) })
  const reading = { settings, helper, machine: vm.uuid, clock, from, to, atMs, wanted, repository, signal }
  const { writer, stream, facts } = await saga.act('write-changes', async () => {
    const opened = await repository.begin(key, { signal })
    return { writer: opened, ...(await readLog(reading, opened)) }
  })
  const until = formatInstant(atMs)
  if (facts.changes === 0) {
    const message = `${settings.name}: the binary log holds no change of ${wanted.databases.join(', ')} from the backup until ${until}`
    throw new StillshotError('not-replayable', message, {
      hint: 'nothing was changed; without --at the backup comes back as it is',
    })
  }
  const words = `${facts.changes} changes from ${from.file} ${from.position} until ${until}`
  const saved: Manifest = {
    ...{ version: 1, kind: 'stillshot-backup', ...key, vmKey: vmKey(vm), hypervisor: vm.hypervisor, createdAt },
    ...{ endedAt: formatInstant(clock.now()), grade: 'suspect', server: null, streams: [stream] },
    reasons: [{ code: 'changes-only', message: `no copy by itself: ${words}` }],
    restore: restoreCommands([stream], null, repository.byHand(key)),
    note: `${CHANGES_NOTE} ${manifest.id}`,
  }
  const point = { ...pointOfManifest(repository, saved), run: run.id }
  const list = async () => {
    await writer.finish(saved)
    await ports.catalog.savePoint(point)
  }
  await saga.step({ step: 'list-changes' }, list, { settles: ['write-changes'] })
  return { point, manifest: saved, facts }
}

interface Reading {
  readonly settings: VmSettings
  readonly helper: GuestHelper
  readonly machine: string
  readonly clock: Clock
  readonly from: LogPosition
  readonly to: Pick<LogPosition, 'file' | 'position'>
  readonly atMs: number
  readonly wanted: Wanted
  readonly repository: Repository
  readonly signal: AbortSignal
}

async function readLog(
  { settings, helper, machine, clock, from, to, atMs, wanted, repository, signal }: Reading,
  writer: BackupWriter,
): Promise<{ stream: StreamFacts; facts: ReplayFacts }> {
  const wrapping = wrappingOf(repository)
  const name = storedName('changes.sql', wrapping)
  using limit = stallLimit(clock, `${settings.name}: ${name}`, STALL_MS, signal)
  let facts: ReplayFacts | undefined
  let content: (() => Promise<Content>) | undefined
  let stored = { sizeBytes: 0, sha256: '' }
  const words = [from.file, String(from.position), to.file, String(to.position), String(atMs / 1000)]
  const end = await helper.stream('binlog', [settings.profile.name, ...words], {
    ...{ machine, signal: limit.signal },
    output: async (bytes) => {
      const changes = replayable(watched(bytes, limit.moved), wanted)
      const arriving = packedHere(changes.bytes, wrapping.compression)
      stored = await writer.write(name, sealFor(repository, arriving.stored, limit.signal), { signal: limit.signal })
      facts = changes.facts
      content = arriving.content
    },
  })
  judgeEnd(settings.name, 'binlog', end, {})
  if (facts === undefined || content === undefined || !facts.ended) {
    const message = `${settings.name}: what reads the binary log ended without its last line`
    throw new StillshotError('dump-failed', message)
  }
  const { sizeBytes: contentBytes } = await content()
  const kept = { name, part: 'databases', content: 'binlog', ...wrapping, paths: [], changedWhileRead: [] } as const
  return { stream: { ...kept, ...stored, contentBytes }, facts }
}
