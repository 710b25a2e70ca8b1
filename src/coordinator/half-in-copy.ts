import type { DataFinding } from '../guest/application.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import { halfWords } from './half-restored.ts'

const STATUS_LIMIT_MS = 60_000

/** Databases that a restore had begun to replace when the disks were copied: they start, and are not whole. */
export async function halfInCopy(
  helper: GuestHelper,
  { uuid: machine }: Vm,
  signal: AbortSignal,
): Promise<readonly DataFinding[]> {
  const { half } = await helper.status({ machine, signal, timeoutMs: STATUS_LIMIT_MS })
  return half ? [{ verdict: 'contradicted', code: 'half-restored', message: halfWords(half) }] : []
}
