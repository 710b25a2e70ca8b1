import assert from 'node:assert/strict'
import type { Clones, KeptCopy } from '../../../src/hypervisor/clones.ts'
import type { HypervisorUnderTest } from './under-test.ts'

export function clonesOf({ hypervisor }: HypervisorUnderTest): Clones {
  assert.ok(hypervisor.clones, 'the suite says that it makes copies')
  return hypervisor.clones
}

/** Those of this VM: several suites may meet in one hypervisor. */
export async function keptOf(under: HypervisorUnderTest): Promise<readonly KeptCopy[]> {
  const { nativeId, uuid } = under.vm
  const own = (await clonesOf(under).listKept()).filter(({ source }) => source === nativeId)
  assert.ok(own.every(({ sourceUuid = uuid }) => sourceUuid === uuid))
  return own.map(({ sourceUuid: _, ...copy }) => copy)
}

export async function onlyKept(under: HypervisorUnderTest): Promise<KeptCopy> {
  const [kept, ...more] = await keptOf(under)
  assert.ok(kept !== undefined && more.length === 0, 'one copy is kept')
  return kept
}
