import { vmKey } from '../catalog/catalog.ts'
import { toStillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import type { CoveredDisk } from '../guest/covered-disk.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import { copyFinding } from './copies-elsewhere.ts'
import { drillFindings } from './drill-findings.ts'
import type { OutageForecast } from './forecast.ts'
import { phase } from './phase.ts'
import { pointsThere } from './points-there.ts'
import type { Ports, VmSettings } from './ports.ts'
import { lookAhead, type Taking } from './preflight.ts'
import { openHelper } from './run.ts'
import type { SnapshotMode } from './take-snapshot.ts'

export interface CheckReport {
  readonly vm: string
  /** True when a run would not be refused now. */
  readonly ok: boolean
  readonly findings: readonly Finding[]
  readonly forecast?: OutageForecast
  readonly coverage: readonly CoveredDisk[]
}

/** Everything that a run looks at before it touches anything; changes nothing. Rejects only when cancelled. */
export async function checkVm(
  ports: Ports,
  settings: VmSettings,
  { signal, mode = 'stop' }: { signal: AbortSignal; mode?: SnapshotMode },
): Promise<CheckReport> {
  const helper = openHelper(ports, settings)
  try {
    return await phase(ports, settings.name, 'preflight', () =>
      look(ports, settings, { helper, signal, taking: mode === 'freeze' ? 'frozen' : 'snapshot' }),
    )
  } finally {
    await helper.close()
  }
}

async function look(
  ports: Ports,
  settings: VmSettings,
  { helper, signal, taking }: { helper: GuestHelper; signal: AbortSignal; taking: Taking },
): Promise<CheckReport> {
  try {
    const vm = await ports.hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
    const seen = await lookAhead(ports, settings, { helper, vm, signal, taking })
    const points = await ports.catalog.points({ vm: settings.name })
    const { there } = await pointsThere(ports.repositories, points, { signal, timeoutMs: 30_000 })
    const findings = [
      ...seen.findings,
      ...(await drillFindings(ports, settings, vm, signal)),
      ...(await lockFindings(ports, vmKey(vm))),
      copyFinding(settings.name, there),
    ]
    const ok = !findings.some(({ severity }) => severity === 'refuse')
    const { forecast, coverage } = seen
    return { vm: settings.name, ok, findings, coverage: coverage?.disks ?? [], ...(forecast ? { forecast } : {}) }
  } catch (thrown) {
    const { code, message, hint } = toStillshotError(thrown)
    if (code === 'cancelled') throw thrown
    return {
      vm: settings.name,
      ok: false,
      findings: [{ severity: 'refuse', code, message, hint, error: code }],
      coverage: [],
    }
  }
}

async function lockFindings({ catalog }: Ports, key: string): Promise<readonly Finding[]> {
  const lock = (await catalog.locks()).find((candidate) => candidate.vmKey === key)
  if (lock === undefined) return []
  const message = `run ${lock.run} (${lock.procedure}) has had the VM since ${lock.takenAt}`
  const hint = 'wait for it; if its process is dead, `stillshot recover` settles it'
  return [{ severity: 'refuse', code: 'run-under-way', message, hint, error: 'run-under-way' }]
}
