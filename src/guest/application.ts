import type { Finding } from '../finding.ts'
import type { Proof } from '../grade/proof.ts'
import type { ComeBackAnswer, Fenced, HoldAnswer, ProbeAnswer } from './protocol/answers.ts'

/**
 * Port: knowledge about what stands still. Pure functions over the raw facts that the helper ships; no clock, no
 * network. Passes test/conformance/application.ts.
 */
export interface Application {
  readonly name: string

  /** What speaks against stopping this server now, and what an admin should know. Never throws on odd facts. */
  checkProbe(probe: ProbeAnswer, limits: ProbeLimits): readonly Finding[]

  /** How long stop and start will take, in milliseconds, from earlier holds and from what the probe saw. */
  forecast(probe: ProbeAnswer): Forecast

  /** Claim `clean-stop`: the server ended by itself, completely, with closed redo. */
  proveStop(probe: ProbeAnswer, hold: HoldAnswer): readonly Proof[]

  /** Claims `stood-still` and `one-server`: nothing ran and no file changed between hold and fence. */
  proveStoodStill(hold: HoldAnswer, release: Pick<Fenced, 'fence'>): readonly Proof[]

  /**
   * Claim `came-back`: active, socket, SELECT 1, replication and run-time settings as before. With
   * `withoutRecovery` also claim `no-crash-recovery`: no recovery lines in the log since the start.
   */
  proveComeBack(before: ProbeAnswer | undefined, comeBack: ComeBackAnswer): readonly Proof[]

  /**
   * What the start of a copy shows about its data: whether InnoDB's log ends where it ended at the stop, and whether the
   * server says that something is damaged. `hold`: how the server was stopped before the point in time. With
   * {@link STARTED_AGAIN} where the server was started more than once since the boot.
   */
  judgeData(hold: HoldAnswer | undefined, comeBack: ComeBackAnswer): readonly DataFinding[]
}

/** Code of the finding that the server was started again since the boot: it shows what a crash in the copy did to it. */
export const STARTED_AGAIN = 'started-again'

/** Like a proof, but of no claim: it changes no grade by itself. */
export type DataFinding = Omit<Proof, 'claim'>

export interface ProbeLimits {
  /** A transaction open for longer refuses the run. */
  readonly longTransactionSeconds: number
  /** The profile says that run-time settings are put back before connections are accepted. */
  readonly settingsPutBack: boolean
}

export interface Forecast {
  readonly stopMs: number
  readonly startMs: number
}
