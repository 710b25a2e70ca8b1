import type { HoldRecord, RestorePoint, RunRecord, VmLock } from '../../src/catalog/catalog.ts'
import { vmKey } from '../../src/catalog/catalog.ts'

/** Records for tests of catalogs, each field filled with something that another field does not hold. */
const KEY = vmKey({ hypervisor: 'kvm', nativeId: 'db1', uuid: '7b9d2c44-0a5e-4d2c-9a40-9a1b5cfe0001' })

export function aLock(changes: Partial<VmLock> = {}): VmLock {
  return {
    vmKey: KEY,
    holdId: '01KB0000000000000000000H01',
    run: '01KB0000000000000000000R01',
    procedure: 'snapshot',
    owner: { host: 'backup1', bootId: '0b1c8fd2-8b7a-4d35-a5b0-6d1a5f6f0002', pid: 4711, startTime: '123456' },
    takenAt: '2026-11-22T21:00:00.000Z',
    ttlMs: 120_000,
    ...changes,
  }
}

export function aPoint(changes: Partial<RestorePoint> = {}): RestorePoint {
  return {
    version: 1,
    id: '01KB0000000000000000000P01',
    run: '01KB0000000000000000000R01',
    vm: 'db1',
    vmKey: KEY,
    hypervisor: 'kvm',
    snapshot: 'stillshot-01KB0000000000000000000P01',
    createdAt: '2026-11-22T21:00:05.000Z',
    kind: 'snapshot',
    mode: 'stop',
    grade: 'crash-only',
    reasons: [{ code: 'redo-not-closed', message: 'the redo log goes on after 48620' }],
    outage: { stopMs: 1230, snapshotMs: 190, startMs: 5200, readyMs: 40, totalMs: 6660 },
    note: 'before the “upgrade”',
    drills: [
      {
        ...{ run: '01KB0000000000000000000R02', at: '2026-11-23T03:00:00.000Z', result: 'failed', tables: 31 },
        reasons: [{ code: 'table-damaged', message: 'damaged: shop.t' }],
        ...{ bootMs: 20_000, readyMs: 900, checkMs: 4_000, totalMs: 26_000 },
      },
    ],
    evidence: { hold: { synced: true, markers: ['/srv/é'] }, release: null },
    ...changes,
  }
}

export function aRun(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    id: '01KB0000000000000000000R01',
    procedure: 'snapshot',
    vm: 'db1',
    startedAt: '2026-11-22T20:59:50.000Z',
    endedAt: '2026-11-22T21:00:09.000Z',
    outcome: 'undone',
    error: { code: 'storage-full', message: 'no space on /srv/images' },
    point: '01KB0000000000000000000P01',
    ...changes,
  }
}

export function aHold(changes: Partial<HoldRecord> = {}): HoldRecord {
  return {
    id: '01KB0000000000000000000H01',
    run: '01KB0000000000000000000R01',
    vm: 'db1',
    vmKey: KEY,
    profile: 'mysql',
    heldAt: '2026-11-22T21:00:01.000Z',
    ttlMs: 120_000,
    state: 'held',
    evidence: { stop: { uptimeMs: 421_330 } },
    ...changes,
  }
}
