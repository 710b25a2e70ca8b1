import type { PruneReport } from '../../src/coordinator/prune-vm.ts'

/** What `prune` answers when every word in it is somebody else's. */
export function prunedReport(text: string): PruneReport {
  const reason = { code: text, message: text }
  return {
    ...{ version: 1, vm: text, run: text, dryRun: true, policies: [text], paused: { run: text, message: text } },
    points: [
      {
        ...{ id: text, snapshot: text, createdAt: text, kind: 'snapshot', grade: 'suspect', fate: 'goes' },
        ...{ reasons: [reason], removal: { outcome: 'kept', why: reason } },
      },
    ],
    left: [{ snapshot: text, reason }],
  }
}
