/** What the evidence of a restore point proves about its database, best first. */
export const GRADES = ['db-stopped', 'db-locked', 'fs-frozen', 'crash-only', 'suspect'] as const
export type Grade = (typeof GRADES)[number]

/** Why a grade is not better: a stable word for programs, a sentence for people. */
export interface Reason {
  readonly code: string
  readonly message: string
}

/** True when `grade` is worse than `than`. */
export function isWorse(grade: Grade, than: Grade): boolean {
  return GRADES.indexOf(grade) > GRADES.indexOf(than)
}
