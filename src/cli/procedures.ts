import type { checkBackup } from '../coordinator/check-backup.ts'
import type { checkVm } from '../coordinator/check-vm.ts'
import type { collectFreezes } from '../coordinator/collect-freezes.ts'
import type { dropBackup, finishBackup, recordUnheldBackup } from '../coordinator/finish-backup.ts'
import type { holdVm } from '../coordinator/hold.ts'
import type { holdForBackup } from '../coordinator/hold-for-backup.ts'
import type { installFreezeHook } from '../coordinator/install-freeze-hook.ts'
import type { helperStatus, installHelper, removeHelper } from '../coordinator/install-helper.ts'
import type { keptCopies } from '../coordinator/kept-copies.ts'
import type { makeRunbook } from '../coordinator/make-runbook.ts'
import type { pruneBackups } from '../coordinator/prune-backups.ts'
import type { pruneVm } from '../coordinator/prune-vm.ts'
import type { rebuildCatalog } from '../coordinator/rebuild-catalog.ts'
import type { recoverRuns } from '../coordinator/recover-runs.ts'
import type { releaseHold } from '../coordinator/release-hold.ts'
import type { removeCopy } from '../coordinator/remove-copy.ts'
import type { restoreAs } from '../coordinator/restore-as.ts'
import type { restoreBackup } from '../coordinator/restore-backup.ts'
import type { restoreChoices } from '../coordinator/restore-choices.ts'
import type { restoreSnapshot } from '../coordinator/restore-snapshot.ts'
import type { runDrill } from '../coordinator/run-drill.ts'
import type { takeBackup } from '../coordinator/take-backup.ts'
import type { takeSnapshot } from '../coordinator/take-snapshot.ts'
import type { verifyBackup } from '../coordinator/verify-backup.ts'
import type { readJournal } from '../saga/read-journal.ts'

/** What the commands call. The real ones are loaded when they are called; a test gives its own. */
export interface Procedures {
  readonly takeSnapshot: typeof takeSnapshot
  readonly takeBackup: typeof takeBackup
  readonly checkBackup: typeof checkBackup
  readonly checkVm: typeof checkVm
  readonly holdVm: typeof holdVm
  readonly releaseHold: typeof releaseHold
  readonly holdForBackup: typeof holdForBackup
  readonly finishBackup: typeof finishBackup
  readonly dropBackup: typeof dropBackup
  readonly recordUnheldBackup: typeof recordUnheldBackup
  readonly restoreChoices: typeof restoreChoices
  readonly restoreBackup: typeof restoreBackup
  readonly verifyBackup: typeof verifyBackup
  readonly restoreSnapshot: typeof restoreSnapshot
  readonly restoreAs: typeof restoreAs
  readonly keptCopies: typeof keptCopies
  readonly removeCopy: typeof removeCopy
  readonly makeRunbook: typeof makeRunbook
  readonly runDrill: typeof runDrill
  readonly pruneBackups: typeof pruneBackups
  readonly pruneVm: typeof pruneVm
  readonly rebuildCatalog: typeof rebuildCatalog
  readonly recoverRuns: typeof recoverRuns
  readonly installHelper: typeof installHelper
  readonly helperStatus: typeof helperStatus
  readonly removeHelper: typeof removeHelper
  readonly installFreezeHook: typeof installFreezeHook
  readonly collectFreezes: typeof collectFreezes
  readonly readJournal: typeof readJournal
}

/** The coordinator's own. */
export const lazyProcedures: Procedures = {
  takeSnapshot: async (...given) => (await import('../coordinator/take-snapshot.ts')).takeSnapshot(...given),
  takeBackup: async (...given) => (await import('../coordinator/take-backup.ts')).takeBackup(...given),
  checkBackup: async (...given) => (await import('../coordinator/check-backup.ts')).checkBackup(...given),
  checkVm: async (...given) => (await import('../coordinator/check-vm.ts')).checkVm(...given),
  holdVm: async (...given) => (await import('../coordinator/hold.ts')).holdVm(...given),
  releaseHold: async (...given) => (await import('../coordinator/release-hold.ts')).releaseHold(...given),
  holdForBackup: async (...given) => (await import('../coordinator/hold-for-backup.ts')).holdForBackup(...given),
  finishBackup: async (...given) => (await import('../coordinator/finish-backup.ts')).finishBackup(...given),
  dropBackup: async (...given) => (await import('../coordinator/finish-backup.ts')).dropBackup(...given),
  recordUnheldBackup: async (...given) =>
    (await import('../coordinator/finish-backup.ts')).recordUnheldBackup(...given),
  restoreChoices: async (...given) => (await import('../coordinator/restore-choices.ts')).restoreChoices(...given),
  restoreBackup: async (...given) => (await import('../coordinator/restore-backup.ts')).restoreBackup(...given),
  verifyBackup: async (...given) => (await import('../coordinator/verify-backup.ts')).verifyBackup(...given),
  restoreSnapshot: async (...given) => (await import('../coordinator/restore-snapshot.ts')).restoreSnapshot(...given),
  restoreAs: async (...given) => (await import('../coordinator/restore-as.ts')).restoreAs(...given),
  keptCopies: async (...given) => (await import('../coordinator/kept-copies.ts')).keptCopies(...given),
  removeCopy: async (...given) => (await import('../coordinator/remove-copy.ts')).removeCopy(...given),
  makeRunbook: async (...given) => (await import('../coordinator/make-runbook.ts')).makeRunbook(...given),
  runDrill: async (...given) => (await import('../coordinator/run-drill.ts')).runDrill(...given),
  pruneBackups: async (...given) => (await import('../coordinator/prune-backups.ts')).pruneBackups(...given),
  pruneVm: async (...given) => (await import('../coordinator/prune-vm.ts')).pruneVm(...given),
  rebuildCatalog: async (...given) => (await import('../coordinator/rebuild-catalog.ts')).rebuildCatalog(...given),
  recoverRuns: async (...given) => (await import('../coordinator/recover-runs.ts')).recoverRuns(...given),
  installHelper: async (...given) => (await import('../coordinator/install-helper.ts')).installHelper(...given),
  helperStatus: async (...given) => (await import('../coordinator/install-helper.ts')).helperStatus(...given),
  removeHelper: async (...given) => (await import('../coordinator/install-helper.ts')).removeHelper(...given),
  installFreezeHook: async (...given) =>
    (await import('../coordinator/install-freeze-hook.ts')).installFreezeHook(...given),
  collectFreezes: async (...given) => (await import('../coordinator/collect-freezes.ts')).collectFreezes(...given),
  readJournal: async (...given) => (await import('../saga/read-journal.ts')).readJournal(...given),
}
