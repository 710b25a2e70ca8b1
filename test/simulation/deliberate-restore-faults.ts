import type { DeliberateFault } from './deliberate-fault-list.ts'

/** What may be wrong with backups and with the restores from them. */
export const RESTORE_FAULTS: readonly DeliberateFault[] = [
  {
    name: 'load without a way back',
    file: 'src/coordinator/replace-databases.ts',
    find: "{ step: 'load', undo: wayBack({ run: run.id, machine, plan, safety: safetyOf(replacing) }) }",
    replace:
      "{ step: 'load', ...(machine === '' ? { undo: wayBack({ run: run.id, machine, plan, safety: safetyOf(replacing) }) } : {}) }",
  },
  {
    name: 'way back that loads nothing',
    file: 'src/coordinator/load-back.ts',
    find: "      way !== 'load' ||\n",
    replace: "      way !== 'load' ||\n      run !== '' ||\n",
  },
  {
    name: 'way back from the wrong dump',
    file: 'src/coordinator/replace-databases.ts',
    find: 'id: safetyPoint.id }',
    replace: 'id: loading.manifest.id }',
  },
  {
    name: 'load taken for whole without a look',
    file: 'src/coordinator/load-back.ts',
    find: "if (half.loaded === 'drop' && (safety === undefined || !users)) return 'forward'",
    replace: "if (half.loaded !== 'back' && (safety === undefined || !users)) return 'forward'",
  },
  {
    name: 'files written without a way back',
    file: 'src/coordinator/write-over.ts',
    find: "{ step: 'write-over', undo: filesBack(order, safety) }",
    replace: "{ step: 'write-over', ...(safety === '' ? { undo: filesBack(order, safety) } : {}) }",
  },
  {
    name: 'way back of files that is none',
    file: 'src/coordinator/files-back.ts',
    find: "paths: named, way: 'back' } as const",
    replace: "paths: named, way: 'forward' } as const",
  },
  {
    name: 'guest not told to write what was put aside',
    file: 'src/coordinator/write-over.ts',
    find: "way: 'forward' }",
    replace: "way: 'back' }",
  },
  {
    name: 'guest not told that the databases are whole',
    file: 'src/coordinator/replace-databases.ts',
    find: "await declareWhole(run.helper, { run: run.id, way: 'forward', machine, clock: loading.clock })",
    replace: 'void declareWhole',
  },
  {
    name: 'restore without a dump of what is there',
    file: 'src/coordinator/restore-backup.ts',
    find: 'copiedBefore(plan, inventory, there && !inventory.half)',
    replace: 'copiedBefore(plan, inventory, there && !!inventory.half)',
  },
  {
    name: 'dump without its last line counts',
    file: 'src/coordinator/judge-dump.ts',
    find: 'if (last !== undefined && !last.test(tail)) {',
    replace: "if (last !== undefined && !last.test(tail) && vm === '') {",
  },
  {
    name: 'backup in the catalog before it is whole',
    file: 'src/coordinator/take-backup.ts',
    find: 'await writer.finish(manifest)\n  await catalog.savePoint(point)',
    replace: 'await catalog.savePoint(point)\n  await writer.finish(manifest)',
  },
]
