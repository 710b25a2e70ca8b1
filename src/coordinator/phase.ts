import type { Phase, Ports } from './ports.ts'

/** Tells the progress port when a phase of a run begins and how it ends, with its time. */
export async function phase<T>(
  ports: Pick<Ports, 'progress' | 'system'>,
  vm: string,
  name: Phase,
  work: () => Promise<T>,
  detail?: (result: T) => string,
): Promise<T> {
  const { clock } = ports.system
  const begunAt = clock.monotonic()
  ports.progress.phase({ vm, phase: name, state: 'begun' })
  try {
    const result = await work()
    const said = detail?.(result)
    const elapsedMs = Math.round(clock.monotonic() - begunAt)
    ports.progress.phase({ vm, phase: name, state: 'done', elapsedMs, ...(said === undefined ? {} : { detail: said }) })
    return result
  } catch (thrown) {
    ports.progress.phase({ vm, phase: name, state: 'failed', elapsedMs: Math.round(clock.monotonic() - begunAt) })
    throw thrown
  }
}
