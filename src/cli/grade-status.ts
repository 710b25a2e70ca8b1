import { ERRORS } from '../errors.ts'
import { type Grade, isWorse } from '../grade/grade.ts'

/** Best grade that the only mode of this version can earn. */
const BEST_OF_STOP: Grade = 'db-stopped'

/** Exit status for these grades: what is below its mode's best is kept, and says so with `grade-below-mode`. */
export function gradeStatus(graded: readonly { readonly grade: Grade }[]): number {
  return graded.some(({ grade }) => isWorse(grade, BEST_OF_STOP)) ? ERRORS['grade-below-mode'].exit : 0
}
