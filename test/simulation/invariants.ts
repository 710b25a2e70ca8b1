import type { MakeInvariant } from './invariant.ts'
import { canBeUndone } from './promises/can-be-undone.ts'
import { collectedFirst } from './promises/collected-first.ts'
import { comesBack } from './promises/comes-back.ts'
import { databaseFirst } from './promises/database-first.ts'
import { drilled } from './promises/drilled.ts'
import { keepsTheGood } from './promises/keeps-the-good.ts'
import { keptBackups } from './promises/kept-backups.ts'
import { keptCopies } from './promises/kept-copies.ts'
import { neverRepeated } from './promises/never-repeated.ts'
import { noOrphan } from './promises/no-orphan.ts'
import { noSecret } from './promises/no-secret.ts'
import { oneAtATime } from './promises/one-at-a-time.ts'
import { settled } from './promises/settled.ts'
import { thawed } from './promises/thawed.ts'
import { toldIsTrue } from './promises/told-is-true.ts'
import { trueBackups } from './promises/true-backups.ts'
import { trueGrades } from './promises/true-grades.ts'
import { watched } from './promises/watched.ts'
import { wholeDatabases } from './promises/whole-databases.ts'
import { wholeFiles } from './promises/whole-files.ts'
import { writtenBefore } from './promises/written-before.ts'

/** Everything that is watched in every world. A new promise joins here. */
export const INVARIANTS: readonly MakeInvariant[] = [
  comesBack,
  trueGrades,
  trueBackups,
  noOrphan,
  writtenBefore,
  canBeUndone,
  oneAtATime,
  noSecret,
  neverRepeated,
  databaseFirst,
  watched,
  settled,
  toldIsTrue,
  keepsTheGood,
  thawed,
  collectedFirst,
  drilled,
  wholeDatabases,
  wholeFiles,
  keptCopies,
  keptBackups,
]
