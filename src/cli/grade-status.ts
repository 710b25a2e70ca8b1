import type { RestorePoint } from '../catalog/catalog.ts'
import { ERRORS } from '../errors.ts'
import { type Grade, isWorse } from '../grade/grade.ts'

/** Best grade that a mode can earn; what was taken in none is measured by what a stop earns. */
const BEST: Readonly<Record<RestorePoint['mode'], Grade>> = {
  stop: 'db-stopped',
  freeze: 'fs-frozen',
  none: 'db-stopped',
}

/** Exit status for these grades: what is below its mode's best is kept, and says so with `grade-below-mode`. */
export function gradeStatus(
  graded: readonly { readonly grade: Grade; readonly mode?: RestorePoint['mode'] }[],
): number {
  const isBelow = graded.some(({ grade, mode = 'stop' }) => isWorse(grade, BEST[mode]))
  return isBelow ? ERRORS['grade-below-mode'].exit : 0
}
