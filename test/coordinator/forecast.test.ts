import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forecastFindings } from '../../src/coordinator/forecast.ts'
import type { Ports, VmSettings } from '../../src/coordinator/ports.ts'
import type { ProbeAnswer } from '../../src/guest/protocol/answers.ts'

/** Stop 2 s, snapshot 3 s, start 4 s: with the margin of 2 s and the 5 s for the lock, 16 s. */
async function severityOf(holdTtlMs: number): Promise<string | undefined> {
  const ports = {
    application: { forecast: () => ({ stopMs: 2_000, startMs: 4_000 }) },
    catalog: { points: async () => [] },
  } as unknown as Pick<Ports, 'application' | 'catalog'>
  const settings = { name: 'db1', holdTtlMs, budgetMs: 60_000 } as VmSettings
  const { findings } = await forecastFindings(ports, settings, {} as ProbeAnswer)
  return findings.find(({ code }) => code.startsWith('ttl-'))?.severity
}

test('a time to live is long enough when the watchdog may fire early enough to wait for the lock', async () => {
  assert.equal(await severityOf(16_000), 'ok')
  assert.equal(await severityOf(15_999), 'refuse')
})
