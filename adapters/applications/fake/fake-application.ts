import { isDeepStrictEqual } from 'node:util'
import type { Finding } from '../../../src/finding.ts'
import type { Claim, Proof } from '../../../src/grade/proof.ts'
import type { Application, DataFinding, Forecast } from '../../../src/guest/application.ts'
import type { ComeBackAnswer, Fenced, HoldAnswer, ProbeAnswer } from '../../../src/guest/protocol/answers.ts'

/** What a test wants the application to say; what is left out is read from the facts. */
export interface FakeOpinion {
  readonly findings?: readonly Finding[]
  readonly forecast?: Forecast
  /** Said of a claim whatever the facts. */
  readonly verdicts?: Partial<Record<Claim, Proof['verdict']>>
}

/**
 * An application without knowledge of any real server: it takes the plain facts of the answers at their word. What it
 * says can be changed while a test goes on.
 */
export class FakeApplication implements Application {
  readonly name = 'fake'
  opinion: FakeOpinion

  constructor(opinion: FakeOpinion = {}) {
    this.opinion = opinion
  }

  checkProbe({ components, dbms, openHold }: ProbeAnswer): readonly Finding[] {
    if (this.opinion.findings !== undefined) return this.opinion.findings
    const refuse = (code: string, message: string): Finding => ({ severity: 'refuse', code, message, hint: 'mend it' })
    if (openHold !== null) return [refuse('hold-open', `hold ${openHold.id} is open`)]
    if (dbms === null) return [refuse('dbms-not-found', 'no server was found')]
    if (components.some(({ kind, active }) => kind === 'dbms' && !active)) {
      return [refuse('dbms-not-running', 'the server does not run')]
    }
    if (!dbms.reachable) return [refuse('login-failed', 'the server did not let the helper in')]
    return [{ severity: 'ok', code: 'dbms-running', message: 'the server runs', hint: '' }]
  }

  forecast({ lastStopMs, lastStartMs }: ProbeAnswer): Forecast {
    return this.opinion.forecast ?? { stopMs: lastStopMs ?? 1_000, startMs: lastStartMs ?? 1_000 }
  }

  proveStop(_probe: ProbeAnswer, { dbms }: HoldAnswer): readonly Proof[] {
    if (dbms === null) return [this.#prove('clean-stop', 'unknown')]
    const { processes, pidFileExists, socketExists, openFiles, log, redo } = dbms
    const missing = openFiles === null || redo === null || log.textBase64 === ''
    const left = processes.length > 0 || pidFileExists || socketExists || (openFiles ?? 0) > 0
    const complete = Buffer.from(log.textBase64, 'base64').includes('Shutdown complete')
    return [this.#prove('clean-stop', left ? 'contradicted' : missing ? 'unknown' : complete)]
  }

  proveStoodStill({ dbms, components }: HoldAnswer, { fence }: Pick<Fenced, 'fence'>): readonly Proof[] {
    if (dbms === null || fence === null || dbms.redo === null || fence.redo === null) {
      return [this.#prove('stood-still', 'unknown'), this.#prove('one-server', 'unknown')]
    }
    const still =
      isDeepStrictEqual([dbms.redo, dbms.files, dbms.unit], [fence.redo, fence.files, fence.unit]) &&
      components.every(({ unit }) => fence.components[unit] === 'inactive')
    const alone = dbms.processes.length === 0 && fence.processes.length === 0
    return [this.#prove('stood-still', still), this.#prove('one-server', alone)]
  }

  proveComeBack(_before: ProbeAnswer | undefined, { dbms, components }: ComeBackAnswer): readonly Proof[] {
    if (dbms === null) return [this.#prove('came-back', 'unknown'), this.#prove('no-crash-recovery', 'unknown')]
    const back = dbms.select1 && dbms.socketExists && components.every(({ activeState }) => activeState === 'active')
    const log = Buffer.from(dbms.log.textBase64, 'base64')
    const recovered = log.includes('recovery')
    return [this.#prove('came-back', back), this.#prove('no-crash-recovery', log.length === 0 ? 'unknown' : !recovered)]
  }

  judgeData(_hold: HoldAnswer | undefined, { dbms }: ComeBackAnswer): readonly DataFinding[] {
    const log = Buffer.from(dbms?.log.textBase64 ?? '', 'base64')
    const verdict = dbms === null ? 'unknown' : log.includes('corrupt') ? 'contradicted' : 'proven'
    return [{ verdict, code: `fake-damage-${verdict}`, message: `the fake calls undamaged ${verdict}` }]
  }

  #prove(claim: Claim, seen: boolean | 'unknown' | 'contradicted'): Proof {
    const read = typeof seen === 'string' ? seen : seen ? 'proven' : 'contradicted'
    const verdict = this.opinion.verdicts?.[claim] ?? read
    return { claim, verdict, code: `fake-${claim}-${verdict}`, message: `the fake calls ${claim} ${verdict}` }
  }
}
