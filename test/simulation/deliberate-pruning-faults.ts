import type { DeliberateFault } from './deliberate-fault-list.ts'

/** What may be wrong with `prune --backups`. */
export const PRUNING_FAULTS: readonly DeliberateFault[] = [
  {
    name: 'backup that is not whole counts for retention',
    file: 'src/coordinator/decide-backup-prune.ts',
    find: 'listed.get(evidence.repository)?.includes(point.id))',
    replace: 'listed.has(evidence.repository))',
  },
  {
    name: 'dump from before a restore counts as a backup',
    file: 'src/coordinator/decide-backup-prune.ts',
    find: "const kind = note?.startsWith(SAFETY_NOTE) === true ? 'safety' : 'snapshot'",
    replace: "const kind = note === SAFETY_NOTE ? 'safety' : 'snapshot'",
  },
  {
    name: 'removal of a backup not journalled',
    file: 'src/coordinator/prune-backups.ts',
    find: '{ step, undo },\n',
    replace: "{ step, ...(id === '' ? { undo } : {}) },\n",
  },
  {
    name: 'half removed backup left',
    file: 'src/coordinator/end-backup-removal.ts',
    find: 'await repository.remove(key, { signal })',
    replace: 'void signal',
  },
  {
    name: 'removed backup not forgotten',
    file: 'src/coordinator/end-backup-removal.ts',
    find: 'await catalog.removePoint(key.id)',
    replace: 'void catalog',
  },
  {
    name: 'removal that is taken up again without a look',
    file: 'src/coordinator/end-backup-removal.ts',
    find: 'if ((await repository.list(key.vm, { signal })).includes(key.id)) {',
    replace: "if ((await repository.list(key.vm, { signal })).includes('')) {",
  },
  {
    name: 'backups removed without the lock of the VM',
    file: 'src/coordinator/prune-backups.ts',
    find: 'await lockVm(ports, run, vm, LOCK_TTL_MS)\n',
    replace: 'void lockVm\n',
  },
  {
    name: 'half written backup left',
    file: 'src/coordinator/settle-backup.ts',
    find: 'await repository.remove(key, { signal })\n',
    replace: '',
  },
  {
    name: 'removal that takes its neighbour along',
    file: 'adapters/repositories/fake/memory-repository.ts',
    find: 'this.#stored.delete(this.whereabouts(key))',
    replace: 'for (const path of [...this.#stored.keys()].slice(-1)) this.#stored.delete(path)',
  },
]
