import type { HoldRecord, RestorePoint, RunRecord, VmLock } from '../../../src/catalog/catalog.ts'
import type { Row } from './database.ts'

/**
 * The records as the tables keep them. What is read back was written by {@link ./sqlite-catalog.ts} through types, and
 * `user_version` says by which version, so rows are trusted to have the types of the port.
 */
export function pointOf(row: Row): RestorePoint {
  return {
    version: 1,
    id: row.id,
    run: row.run,
    vm: row.vm,
    vmKey: row.vm_key,
    hypervisor: row.hypervisor,
    snapshot: row.snapshot,
    createdAt: row.created_at,
    kind: row.kind,
    mode: row.mode,
    grade: row.grade,
    reasons: json(row.reasons),
    ...(row.outage === null ? {} : { outage: json(row.outage) }),
    ...(row.note === null ? {} : { note: row.note }),
    evidence: json(row.evidence),
    ...(row.drills === null ? {} : { drills: json(row.drills) }),
  } as RestorePoint
}

export function runOf(row: Row): RunRecord {
  return {
    id: row.id,
    procedure: row.procedure,
    vm: row.vm,
    startedAt: row.started_at,
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    ...(row.outcome === null ? {} : { outcome: row.outcome }),
    ...(row.error === null ? {} : { error: json(row.error) }),
    ...(row.point === null ? {} : { point: row.point }),
  } as RunRecord
}

export function holdOf(row: Row): HoldRecord {
  return {
    id: row.id,
    run: row.run,
    vm: row.vm,
    vmKey: row.vm_key,
    profile: row.profile,
    heldAt: row.held_at,
    ttlMs: row.ttl_ms,
    state: row.state,
    evidence: json(row.evidence),
  } as HoldRecord
}

export function lockOf(row: Row): VmLock {
  return {
    vmKey: row.vm_key,
    holdId: row.hold_id,
    run: row.run,
    procedure: row.procedure,
    owner: json(row.owner),
    takenAt: row.taken_at,
    ttlMs: row.ttl_ms,
  } as VmLock
}

/** The text form for a JSON column; what is missing becomes `null`, as in JSON itself. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value) ?? 'null'
}

function json(text: unknown): unknown {
  return JSON.parse(String(text))
}
