import type { Ports } from '../../src/coordinator/ports.ts'

export interface Death {
  /** Calls of ports so far. */
  readonly calls: () => number
  /** Resolves when the process has died. */
  readonly died: Promise<void>
}

/**
 * The ports of a process that dies at its `at`-th call of a port: before the work of the call, or after it and before
 * its answer. A dead process is a call that never settles, so nothing after it runs.
 */
export function mortalPorts(ports: Ports, at: number, when: 'before' | 'after'): { ports: Ports; death: Death } {
  let calls = 0
  const dead = Promise.withResolvers<void>()
  const guard = async (work: () => unknown): Promise<unknown> => {
    calls += 1
    const own = calls
    const dying = own > at || (own === at && when === 'before')
    if (dying) return die()
    try {
      return wrapResult(await work())
    } finally {
      if (calls >= at) await die()
    }
  }
  const die = () => {
    dead.resolve()
    return new Promise(() => {})
  }
  const wrapResult = (result: unknown): unknown =>
    typeof result === 'object' && result !== null && ('append' in result || 'run' in result) ? wrap(result) : result
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target)
        if (property === 'clones' || property === 'guestAgent') return value instanceof Object ? wrap(value) : value
        if (typeof value !== 'function') return value
        if (['close', 'byHand', 'reach'].includes(String(property))) return value.bind(target)
        return (...args: unknown[]) => guard(() => value.apply(target, args))
      },
    })
  const { system, hypervisor, shells, catalog } = ports
  const mortal = {
    ...ports,
    system: { ...system, files: wrap(system.files) },
    hypervisor: wrap(hypervisor),
    shells: wrap(shells),
    catalog: wrap(catalog),
  }
  return { ports: mortal, death: { calls: () => calls, died: dead.promise } }
}
