import type { RestorePoint, VmLock } from '../../src/catalog/catalog.ts'
import type { Procedures } from '../../src/cli/procedures.ts'
import type { Finding } from '../../src/finding.ts'
import type { KeptCopy } from '../../src/hypervisor/clones.ts'

function copyOf(text: string): KeptCopy {
  return { id: text, nativeId: text, name: text, source: text, snapshotName: text, power: 'off' }
}

/** What the procedures around a restore answer when every word in it is somebody else's. */
export function restoreProcedures(text: string, point: RestorePoint, finding: Finding): Partial<Procedures> {
  const underWay: VmLock = {
    ...{ vmKey: text, holdId: text, run: text, procedure: text, takenAt: text, ttlMs: 1 },
    owner: { host: text, bootId: text, pid: 1, startTime: text },
  }
  return {
    restoreChoices: async () => ({
      ...{ version: 1, vm: text, recommended: text, underWay },
      points: [{ point, newer: [text] }],
    }),
    restoreSnapshot: async () => ({
      ...{ version: 1, vm: text, point, plan: [text], cameBack: false, proofs: [], safetyPoint: point },
      ...{
        guest: { state: 'silent', message: text },
        safety: { held: false, message: text },
        warnings: [finding],
        newer: [text],
        removes: [text],
      },
      ...{ consents: [{ ...finding, consent: 'replicas' }], bootMs: 1, readyMs: 1, totalMs: 1 },
    }),
    restoreAs: async (_, __, { dryRun }) => ({
      ...{ version: 1, vm: text, run: text, as: text, point, plan: [text], warnings: [finding], reach: text },
      ...{ copy: dryRun ? null : copyOf(text), cameBack: false, bootMs: 1, readyMs: 1, totalMs: 1 },
      findings: [{ verdict: 'unknown', code: text, message: text }],
    }),
    keptCopies: async () => [{ ...copyOf(text), hypervisor: text, vm: text, createdAt: text, reach: text }],
    removeCopy: async (_, __, { dryRun }) => ({ version: 1, vm: text, copy: copyOf(text), removed: !dryRun }),
    makeRunbook: async () => ({
      ...{ version: 1, vm: text, writtenAt: text, profile: text, recommended: text },
      ...{ safetySnapshot: text, powerOn: text, guest: { host: text, port: 22, user: text } },
      machine: { hypervisor: text, kind: text, nativeId: text, name: text, uuid: text },
      points: ['best', 'other'].map((id) => ({
        ...{ id, snapshot: text, createdAt: text, kind: 'safety', grade: 'suspect', newer: [text], rollBack: text },
        ...{ reasons: [{ code: text, message: text }], markers: [text], units: [text] },
      })),
    }),
    rebuildCatalog: async () => ({
      ...{ version: 1, vm: text, dryRun: false, left: [{ snapshot: text, reason: { code: text, message: text } }] },
      points: [
        {
          ...{ id: text, snapshot: text, createdAt: text, outcome: 'added', grade: 'suspect', claimed: 'pending' },
          ...{ verified: false, reasons: [{ code: text, message: text }] },
        },
      ],
    }),
  }
}

/** Of somebody who takes the first point, accepts what is named, and does not type the name of the VM. */
export const restorePrompts = {
  confirm: async () => false,
  choose: async () => 'first',
  text: async (message: string) => (message.endsWith('left behind') ? 'replicas' : 'nobody'),
}
