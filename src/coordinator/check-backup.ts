import { toStillshotError } from '../errors.ts'
import { type BackupOrder, openRepository } from './backup-order.ts'
import { lookBeforeBackup } from './backup-preflight.ts'
import type { CheckReport } from './check-vm.ts'
import { phase } from './phase.ts'
import type { Ports, VmSettings } from './ports.ts'
import { openHelper } from './run.ts'

/** Everything that a backup looks at before it writes anything; changes nothing. Rejects only when cancelled. */
export async function checkBackup(ports: Ports, settings: VmSettings, order: BackupOrder): Promise<CheckReport> {
  const { signal, parts } = order
  const helper = openHelper(ports, settings)
  const report = { vm: settings.name, coverage: [] }
  try {
    return await phase(ports, settings.name, 'preflight', async () => {
      const repository = await openRepository(ports, settings, order.repository)
      const vm = await ports.hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
      const { findings } = await lookBeforeBackup(ports, settings, { helper, vm, repository, parts, signal })
      return { ...report, ok: !findings.some(({ severity }) => severity === 'refuse'), findings }
    })
  } catch (thrown) {
    const { code, message, hint } = toStillshotError(thrown)
    if (code === 'cancelled') throw thrown
    return { ...report, ok: false, findings: [{ severity: 'refuse', code, message, hint, error: code }] }
  } finally {
    await helper.close()
  }
}
