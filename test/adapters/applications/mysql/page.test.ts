import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkUnits } from '../../../../adapters/applications/mysql/check-units.ts'
import { proveComeBack } from '../../../../adapters/applications/mysql/prove-come-back.ts'
import type { ComeBackAnswer, ProbeAnswer } from '../../../../src/guest/protocol/answers.ts'
import { comeBackAnswer } from '../../../conformance/application-answers.ts'

const url = 'http://127.0.0.1/'
const page = (status: number | null, error: string | null = null) => ({ url, status, error })
const component = { kind: 'unit', wanted: 'httpd.service', unit: 'httpd.service', active: true, enabled: 'enabled' }
const probeOf = (before: ProbeAnswer['page']) =>
  ({
    components: [component].map((each) => ({ ...each, triggers: [], dependents: [] })),
    dbms: null,
    page: before,
  }) as unknown as ProbeAnswer

function verdict(before: ProbeAnswer['page'], after: ComeBackAnswer['page']): string | undefined {
  const answer = comeBackAnswer({ source: 'none', path: null, textBase64: '', truncated: false })
  const components = [{ unit: 'httpd.service', activeState: 'active', related: [] }]
  const comeBack = { ...answer, components, page: after } as ComeBackAnswer
  const proofs = proveComeBack(probeOf(before), comeBack)
  return proofs.find(({ code }) => code.startsWith('page-'))?.verdict
}

test('a page that answered before must answer again', () => {
  assert.equal(verdict(page(200), page(302)), 'proven')
  assert.equal(verdict(page(200), page(503)), 'contradicted')
  assert.equal(verdict(page(200), page(null, 'nobody answered')), 'contradicted')
  assert.equal(verdict(page(200), undefined), 'unknown')
})

test('of a page that did not answer before, or that nobody knows, nothing is asked', () => {
  assert.equal(verdict(page(500), page(500)), undefined)
  assert.equal(verdict(page(null, 'x'), page(200)), undefined)
  assert.equal(verdict(null, null), undefined)
})

test('check shows what is held, in its order, and a page that does not answer', () => {
  const codes = checkUnits(probeOf(page(502))).map(({ severity, code }) => `${severity} ${code}`)
  assert.ok(codes.includes('ok components-found') && codes.includes('warn page-silent'), codes.join())
})
