import type { Claim, Proof } from '../../src/grade/proof.ts'
import type { Application } from '../../src/guest/application.ts'

function proof(claim: Claim, proven: boolean, code: string): Proof {
  return { claim, verdict: proven ? 'proven' : 'contradicted', code, message: code }
}

/** Judges what test/world/model-guest.ts answers. */
export const modelApplication: Application = {
  name: 'model',
  checkProbe: (probe) =>
    probe.dbms?.reachable
      ? []
      : [{ severity: 'refuse', code: 'dbms-not-running', message: 'it does not run', hint: 'start it' }],
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
