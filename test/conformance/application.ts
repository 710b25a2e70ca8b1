import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Claim, Proof } from '../../src/grade/proof.ts'
import type { Application } from '../../src/guest/application.ts'
import type { ComeBackAnswer, HoldAnswer, ProbeAnswer, ReleaseAnswer } from '../../src/guest/protocol/answers.ts'

/** What a guest answered around one hold. */
export interface SeenHold {
  readonly name: string
  readonly probe: ProbeAnswer
  readonly hold: HoldAnswer
  readonly release: ReleaseAnswer
  readonly comeBack: ComeBackAnswer
}

export interface ApplicationCase {
  readonly name: string
  readonly application: Application
  /** Holds in which everything went as it should. */
  readonly clean: readonly SeenHold[]
  /** Holds whose server did not end by itself and completely. */
  readonly unclean: readonly SeenHold[]
}

const LIMITS = { longTransactionSeconds: 60, settingsPutBack: false }

/** The verdict on a claim as the grade reads it: proven only when every proof of it is. */
export function verdictOn(claim: Claim, proofs: readonly Proof[]): Proof['verdict'] {
  const about = proofs.filter((proof) => proof.claim === claim)
  if (about.some(({ verdict }) => verdict === 'contradicted')) return 'contradicted'
  return about.length > 0 && about.every(({ verdict }) => verdict === 'proven') ? 'proven' : 'unknown'
}

/** What every application keeps to. */
export function testApplication(about: ApplicationCase): void {
  describe(`Application, ${about.name}`, () => {
    testProbing(about)
    testStops(about)
    testStandingStill(about)
    testComingBack(about)
    testManners(about)
  })
}

function testProbing({ application, clean }: ApplicationCase): void {
  test('checkProbe() of a healthy server refuses nothing', () => {
    for (const { probe } of clean) {
      const refusing = application.checkProbe(probe, LIMITS).filter(({ severity }) => severity === 'refuse')
      assert.deepEqual(refusing, [])
    }
  })

  const bad: Record<string, (probe: ProbeAnswer) => ProbeAnswer> = {
    'no server': (probe) => ({ ...probe, dbms: null }),
    'a server that does not run': (probe) => ({
      ...probe,
      components: probe.components.map((component) => ({ ...component, active: false })),
    }),
    'a server that lets nobody in': (probe) => ({
      ...probe,
      dbms: probe.dbms && { ...probe.dbms, reachable: false, loginError: 'access denied', variables: {}, status: {} },
    }),
    'an open hold': (probe) => ({ ...probe, openHold: { id: 'h1', state: 'held', profile: 'mysql' } }),
  }
  for (const [what, spoil] of Object.entries(bad)) {
    test(`checkProbe() with ${what} refuses, with a way out`, () => {
      for (const { probe } of clean) {
        const refusing = application.checkProbe(spoil(probe), LIMITS).filter(({ severity }) => severity === 'refuse')
        assert.ok(refusing.length > 0)
        assert.ok(refusing.every(({ hint, message }) => hint !== '' && message !== '' && !message.endsWith('.')))
      }
    })
  }

  test('forecast() is positive and finite, and heeds how long it took before', () => {
    for (const { probe } of clean) {
      const { stopMs, startMs } = application.forecast(probe)
      assert.ok(stopMs > 0 && startMs > 0 && Number.isFinite(stopMs + startMs))
      const slow = application.forecast({ ...probe, lastStopMs: 40_000, lastStartMs: 50_000 })
      assert.ok(slow.stopMs >= 40_000 && slow.startMs >= 50_000)
    }
  })
}

function testStops({ application, clean, unclean }: ApplicationCase): void {
  for (const { name, probe, hold } of clean) {
    test(`proveStop() calls ${name} proven`, () => {
      const proofs = application.proveStop(probe, hold)
      assert.equal(verdictOn('clean-stop', proofs), 'proven', JSON.stringify(proofs, undefined, 1))
    })
  }

  for (const { name, probe, hold } of unclean) {
    test(`proveStop() does not call ${name} proven`, () => {
      assert.notEqual(verdictOn('clean-stop', application.proveStop(probe, hold)), 'proven')
    })
  }

  test('proveStop() without facts is unknown', () => {
    for (const { probe, hold } of clean) {
      assert.equal(verdictOn('clean-stop', application.proveStop(probe, { ...hold, dbms: null })), 'unknown')
    }
  })

  test('proveStop() does not prove a stop after which a server ran, a file was open or a fact is missing', () => {
    for (const { probe, hold } of clean) {
      const { dbms } = hold
      assert.ok(dbms)
      const spoiled = [
        { ...dbms, processes: [{ pid: 7, command: 'mysqld' }] },
        { ...dbms, openFiles: 1 },
        { ...dbms, openFiles: null },
        { ...dbms, pidFileExists: true },
        { ...dbms, socketExists: true },
        { ...dbms, redo: null },
        { ...dbms, log: { ...dbms.log, source: 'none', path: null, textBase64: '' } as const },
      ]
      for (const each of spoiled) {
        const proofs = application.proveStop(probe, { ...hold, dbms: each })
        assert.notEqual(verdictOn('clean-stop', proofs), 'proven')
      }
    }
  })
}

function testStandingStill({ application, clean }: ApplicationCase): void {
  const verdict = (claim: Claim, hold: HoldAnswer, release: ReleaseAnswer) =>
    verdictOn(claim, application.proveStoodStill(hold, release))

  test('proveStoodStill() with nothing changed is proven', () => {
    for (const { hold, release } of clean) {
      assert.equal(verdict('stood-still', hold, release), 'proven')
      assert.equal(verdict('one-server', hold, release), 'proven')
    }
  })

  test('proveStoodStill() without a fence is unknown', () => {
    for (const { hold, release } of clean) {
      assert.equal(verdict('stood-still', hold, { ...release, fence: null }), 'unknown')
      assert.equal(verdict('one-server', hold, { ...release, fence: null }), 'unknown')
    }
  })

  test('proveStoodStill() contradicts when redo, a file or the unit changed, or a component ran', () => {
    for (const { hold, release } of clean) {
      const { fence } = release
      assert.ok(fence?.redo)
      const [file, ...files] = fence.files
      assert.ok(file)
      const spoiled = [
        { ...fence, redo: { ...fence.redo, sizeBytes: fence.redo.sizeBytes + 512 } },
        { ...fence, files: [{ ...file, modified: 'later' }, ...files] },
        { ...fence, unit: { ...fence.unit, InvocationID: 'another' } },
        { ...fence, components: { ...fence.components, [hold.components[0]!.unit]: 'active' } },
      ]
      for (const each of spoiled) {
        assert.equal(verdict('stood-still', hold, { ...release, fence: each }), 'contradicted')
      }
    }
  })

  test('proveStoodStill() contradicts one-server when a server runs at the fence', () => {
    for (const { hold, release } of clean) {
      const fence = release.fence && { ...release.fence, processes: [{ pid: 7, command: 'mysqld' }] }
      assert.equal(verdict('one-server', hold, { ...release, fence }), 'contradicted')
    }
  })
}

function testComingBack({ application, clean }: ApplicationCase): void {
  test('judgeData() of a clean stop and the start after it speaks against nothing', () => {
    for (const { hold, comeBack } of clean) {
      for (const before of [hold, undefined]) {
        const against = application.judgeData(before, comeBack).filter(({ verdict }) => verdict === 'contradicted')
        assert.deepEqual(against, [])
      }
      assert.ok(application.judgeData(hold, { ...comeBack, dbms: null }).every(({ verdict }) => verdict !== 'proven'))
    }
  })

  test('proveComeBack() is proven when the server answers as before', () => {
    for (const { probe, comeBack } of clean) {
      assert.equal(verdictOn('came-back', application.proveComeBack(probe, comeBack)), 'proven')
      assert.equal(verdictOn('came-back', application.proveComeBack(undefined, comeBack)), 'proven')
    }
  })

  test('proveComeBack() is not proven when the server is silent, down or unknown', () => {
    for (const { probe, comeBack } of clean) {
      const { dbms, components } = comeBack
      assert.ok(dbms)
      const spoiled = [
        { ...comeBack, dbms: null },
        { ...comeBack, dbms: { ...dbms, select1: false } },
        { ...comeBack, components: components.map((each) => ({ ...each, activeState: 'failed' })) },
      ]
      for (const each of spoiled) {
        assert.notEqual(verdictOn('came-back', application.proveComeBack(probe, each)), 'proven')
      }
    }
  })

  test('proveComeBack() does not call a start without a log free of recovery', () => {
    for (const { probe, comeBack } of clean) {
      const dbms = comeBack.dbms && { ...comeBack.dbms, log: { ...comeBack.dbms.log, textBase64: '' } }
      const proofs = application.proveComeBack(probe, { ...comeBack, dbms })
      assert.equal(verdictOn('no-crash-recovery', proofs), 'unknown')
    }
  })
}

function testManners({ application, clean, unclean }: ApplicationCase): void {
  test('the same facts give the same answer, and stay as they were', () => {
    for (const seen of [...clean, ...unclean]) {
      const before = structuredClone(seen)
      assert.deepEqual(judgeAll(application, seen), judgeAll(application, seen))
      assert.deepEqual(seen, before)
    }
  })

  test('every proof has a code and a message in lower case without a full stop', () => {
    for (const seen of [...clean, ...unclean]) {
      for (const { code, message } of judgeAll(application, seen)) {
        assert.match(code, /^[a-z0-9-]+$/)
        assert.ok(message !== '' && !message.endsWith('.') && !/^[A-Z][a-z]/.test(message), message)
      }
    }
  })
}

function judgeAll(application: Application, { probe, hold, release, comeBack }: SeenHold): readonly Proof[] {
  return [
    ...application.proveStop(probe, hold),
    ...application.proveStoodStill(hold, release),
    ...application.proveComeBack(probe, comeBack),
  ]
}
