import type { RestorePoint } from '../../../src/catalog/catalog.ts'
import type { BackupRestoreReport } from '../../../src/coordinator/restore-backup.ts'
import { onlyWhenChanged } from '../counted-map.ts'
import type { MakeInvariant } from '../invariant.ts'

/**
 * Nothing runs on half of a database, whatever marks say; a guest that is told that its databases are whole holds what was said; no
 * backup is listed whose dump is not whole. A restore that fails says whether they are.
 */
export const wholeDatabases: MakeInvariant = ({ guest: { machine, helper }, repository }) => {
  let looked = 0
  const lookAtBackups = onlyWhenChanged([repository.listed], () => {
    for (const [id, { streams }] of repository.listed) {
      if (!streams.some(({ content }) => content === 'sql')) continue
      if (repository.rowsOf(id) === undefined) return `backup ${id} is listed, and its dump is not whole`
    }
    return undefined
  })
  return {
    promise: 'nothing runs on half of a database',
    onEvent() {
      const { rows, half } = machine.disk
      if (helper.web.active && (rows === '' || half?.held === true))
        return `the web server runs, and the databases hold '${rows}'`
      if (helper.restores.overwritten !== undefined) return `a way back was loaded: ${helper.restores.overwritten}`
      for (; looked < helper.restores.believed.length; looked += 1) {
        const told = helper.restores.believed[looked]
        if (told?.rows === '') return `run ${told.run} said that the databases are whole, and they are half made`
        const before = helper.restores.before.get(told?.run ?? '')
        if (told?.way === 'back' && before !== told.rows)
          return `${told.run} put back '${told.rows}', and there was '${before}'`
      }
      return lookAtBackups()
    },
    onTold({ procedure, told }) {
      const { half, rows } = machine.disk
      if (procedure === 'backup' && told.how === 'done') {
        const { id } = told.result as RestorePoint
        return repository.listed.has(id) ? undefined : `backup ${id} was told of, and is not there`
      }
      if (procedure !== 'restore-backup') return undefined
      if (told.how === 'done') {
        const { point } = told.result as BackupRestoreReport
        const wanted = repository.rowsOf(point.id)
        const last = helper.restores.believed.findLast(({ way }) => way === 'forward')
        return last?.rows === wanted
          ? undefined
          : `restored ${point.id} with '${wanted}', and the databases held '${last?.rows}'`
      }
      if (told.how === 'died' || !['load-failed', 'cancelled', 'hold-expired'].includes(told.error.code))
        return undefined
      const isOurs = half !== null && half.run === told.error.details.run
      return isOurs || (rows === '' && half === null)
        ? `it failed with ${told.error.code}, and left '${rows}' half restored`
        : undefined
    },
    async atEnd() {
      const { half, rows } = machine.disk
      return half === null && rows !== ''
        ? undefined
        : `the databases hold '${rows}', and are marked ${JSON.stringify(half)}`
    },
  }
}
