import type { RestorePoint } from '../catalog/catalog.ts'
import { nearest } from '../config/nearest.ts'
import type { VmEntry } from '../config/settings.ts'
import { type ErrorDetails, StillshotError, toStillshotError } from '../errors.ts'
import type { OpenVm, OpenVmOptions, Session } from './app.ts'
import { continued, line } from './format.ts'

/** One VM of a command over several that did not work, in its JSON document. */
export interface FailedVm {
  readonly run: string | null
  /** The restore point that is kept all the same. */
  readonly point?: string
  readonly vm: string
  readonly code: string
  readonly message: string
  readonly hint: string
}

export interface Outcome<Result> {
  readonly results: readonly Result[]
  readonly failed: readonly FailedVm[]
  /** Restore points of failed ones. */
  readonly kept: readonly RestorePoint[]
  /** Of the failed ones. */
  readonly statuses: readonly number[]
}

/** The VMs of these names, checked before anything is opened. Rejects with `vm-not-configured` or `usage`. */
export async function selectVms(session: Session, names: readonly string[]): Promise<readonly [string, VmEntry][]> {
  const { vms, file } = await session.settings()
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new StillshotError('usage', `${twice} is named twice`)
  return names.map((name) => {
    const entry = Object.hasOwn(vms, name) ? vms[name] : undefined
    if (entry !== undefined) return [name, entry]
    const meant = nearest(name, Object.keys(vms))
    const rest = meant === undefined ? `there are: ${Object.keys(vms).join(', ') || 'none'}` : `did you mean ${meant}?`
    throw new StillshotError('vm-not-configured', `VM ${name} is not under vms: in ${file}; ${rest}`)
  })
}

/** The VM of this name, opened. */
export async function openVm(session: Session, name: string, options: OpenVmOptions = {}): Promise<OpenVm> {
  for (const [vm, entry] of await selectVms(session, [name])) return session.openVm(vm, entry, options)
  throw new StillshotError('vm-not-configured', `VM ${name} is not configured`)
}

export interface EachVmOptions extends OpenVmOptions {
  readonly signal: AbortSignal
  /** VMs that fail in their turn, without being opened. */
  readonly refused?: ReadonlyMap<string, StillshotError>
}

/** One after the other; one that fails does not keep the others from their turn, a cancelled one does. */
export async function eachVm<Result>(
  session: Session,
  vms: readonly (readonly [string, VmEntry])[],
  { signal, refused, ...options }: EachVmOptions,
  work: (open: OpenVm) => Promise<Result>,
): Promise<Outcome<Result>> {
  const results: Result[] = []
  const failed: FailedVm[] = []
  const kept: RestorePoint[] = []
  const statuses: number[] = []
  for (const [vm, entry] of vms) {
    try {
      if (signal.aborted) throw new StillshotError('cancelled', 'cancelled before it began', { hint: 'run it again' })
      const refusal = refused?.get(vm)
      if (refusal !== undefined) throw refusal
      results.push(await work(await session.openVm(vm, entry, options)))
    } catch (thrown) {
      const error = toStillshotError(thrown)
      failed.push(failedVm(vm, error))
      const point = keptPoint(error.details)
      if (point !== undefined) kept.push(point)
      statuses.push(error.exitStatus)
    }
  }
  return { results, failed, kept, statuses }
}

function failedVm(vm: string, { code, message, hint, details }: StillshotError): FailedVm {
  const { run } = details
  const point = keptPoint(details)
  const kept = point === undefined ? {} : { point: point.id }
  return { run: typeof run === 'string' ? run : null, ...kept, vm, code, message, hint }
}

/** The restore point that an error says was made all the same. */
function keptPoint({ point }: ErrorDetails): RestorePoint | undefined {
  return typeof point === 'object' && point !== null && 'grade' in point ? (point as RestorePoint) : undefined
}

/** The failed ones for a person; empty when there are none. */
export function failedText(failed: readonly FailedVm[]): string {
  return failed
    .map(({ vm, code, message, hint, run, point }) => {
      const kept = point === undefined ? '' : line`\n  restore point ${point} is kept`
      const where = run === null ? '' : line`\n  run ${run}`
      return `${line`${vm}: `}${continued(message)} ${line`(${code})\n  ${hint}`}${kept}${where}\n`
    })
    .join('')
}
