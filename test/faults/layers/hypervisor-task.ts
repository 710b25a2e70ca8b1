import { setTimeout as sleep } from 'node:timers/promises'
import { LibvirtHypervisor } from '../../../adapters/hypervisors/libvirt/libvirt-hypervisor.ts'
import { StillshotError } from '../../../src/errors.ts'

/** Loaded before stillshot: one call of the real hypervisor fails, is slow, or works and loses its answer, once. */
const CALLS = {
  preflight: 'checkSnapshot',
  snapshot: 'createSnapshot',
  grade: 'describeSnapshot',
  'roll-back': 'rollBack',
  boot: 'powerOn',
  remove: 'removeSnapshot',
} as const
const SLOW_MS = 25_000

const [fault = '', boundary = ''] = (process.env.FAULT ?? '').split(':')
const call = CALLS[boundary as keyof typeof CALLS]
type Call = (this: LibvirtHypervisor, ...args: unknown[]) => Promise<unknown>
const real = LibvirtHypervisor.prototype[call] as Call
let struck = false

const layered: Call = async function (...args) {
  if (struck) return real.apply(this, args)
  struck = true
  if (fault === 'task-fails') throw new StillshotError('hypervisor-refused', `${call}: the task failed`)
  const answer = await real.apply(this, args)
  if (fault === 'task-slow') await slow(args)
  if (fault === 'task-answer-lost') throw new StillshotError('answer-lost', `${call}: the answer was lost`)
  return answer
}
Object.assign(LibvirtHypervisor.prototype, { [call]: layered })

/** Ends early as the real calls do: with the caller's signal, which says why. */
async function slow(args: readonly unknown[]): Promise<void> {
  const options = args.at(-1) as { readonly signal?: AbortSignal } | undefined
  const signal = options?.signal
  await sleep(SLOW_MS, undefined, { ...(signal === undefined ? {} : { signal }) }).catch((thrown: unknown) => {
    throw signal?.reason ?? thrown
  })
}
