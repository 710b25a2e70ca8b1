import type { DrillRecord, RestorePoint } from '../../src/catalog/catalog.ts'
import { somePoint } from '../cli/fake-app.ts'

/** Every word in it is the given one. */
export const pointOf = (text: string): RestorePoint =>
  somePoint({
    vm: text,
    hypervisor: text,
    snapshot: text,
    note: text,
    grade: 'suspect',
    reasons: [{ code: text, message: text }],
    drills: [drillOf(text)],
    evidence: { version: 1, proofs: [{ claim: text, verdict: 'unknown', code: text, message: text }] },
  })

export const drillOf = (text: string): DrillRecord => ({
  ...{ run: text, at: text, result: 'failed', reasons: [{ code: text, message: text }] },
  ...{ bootMs: 1, readyMs: 1, checkMs: 1, totalMs: 3, tables: 1 },
})

export const dumpOf = (text: string): RestorePoint =>
  somePoint({
    ...{ id: '01JDEEEEEEEEEEEEEEEEEEEEEE', kind: 'dump', snapshot: text, grade: 'suspect' },
    evidence: { version: 1, repository: text, manifest: { streams: [{ name: text, sizeBytes: 1 }], restore: [text] } },
  })

/** One that `hook test` can tell of. */
export const backupOf = (text: string): RestorePoint =>
  somePoint({
    ...{ id: '01JDDDDDDDDDDDDDDDDDDDDDDD', kind: 'backup', snapshot: text },
    evidence: {
      ...{ version: 1, backup: { times: { heldAt: text, loggedAt: text } } },
      proofs: [{ claim: 'inside-hold', verdict: 'unknown', code: text, message: text }],
    },
  })
