import type { Claim, Proof } from '../../src/grade/proof.ts'
import type { Application } from '../../src/guest/application.ts'

function proof(claim: Claim, proven: boolean, code: string): Proof {
  const [good, bad] = WORDS[code] ?? [code, code]
  return { claim, verdict: proven ? 'proven' : 'contradicted', code, message: proven ? good : bad }
}

/** What was seen, by code: when it is proven, and when it is not. */
const WORDS: Readonly<Record<string, readonly [string, string]>> = {
  'unit-result': ['the unit ended by itself', 'the unit was killed'],
  'select-1': ['the server answers SELECT 1', 'the server does not answer'],
  log: ['the log says nothing of crash recovery', 'the log tells of crash recovery'],
}

const REPLICAS = { severity: 'warn', code: 'replicas-connected', hint: 'think of them', consent: 'replicas' } as const

/** Judges what test/world/model-guest.ts answers. */
export const modelApplication: Application = {
  name: 'model',
  checkProbe: ({ dbms, openHold }) => [
    ...(dbms?.reachable
      ? []
      : [{ severity: 'refuse', code: 'dbms-not-running', message: 'it does not run', hint: 'start it' } as const]),
    ...(openHold === null
      ? []
      : [{ severity: 'refuse', code: 'hold-open', message: 'it is held', hint: 'wait' } as const]),
    ...(dbms?.connectedReplicas ? [{ ...REPLICAS, message: `${dbms.connectedReplicas} replicas read from it` }] : []),
  ],
  forecast: () => ({ stopMs: 1_000, startMs: 1_000 }),
  proveStop: (_, hold) => [
    proof('clean-stop', hold.dbms?.unit.Result === 'success' && hold.dbms.processes.length === 0, 'unit-result'),
  ],
  proveStoodStill: (hold, release) => {
    const before = JSON.stringify(hold.dbms?.unit)
    return [
      proof('stood-still', before === JSON.stringify(release.fence?.unit), 'unit-unchanged'),
      proof('one-server', release.fence?.processes.length === 0, 'no-process'),
    ]
  },
  proveComeBack: (_, comeBack) => [
    proof('came-back', comeBack.dbms?.select1 === true, 'select-1'),
    proof('no-crash-recovery', comeBack.dbms?.log.textBase64 === '', 'log'),
  ],
  judgeData: () => [],
}
