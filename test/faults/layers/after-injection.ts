import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { LibvirtHypervisor } from '../../../adapters/hypervisors/libvirt/libvirt-hypervisor.ts'

/** Loaded before stillshot: the hypervisor's snapshot begins when the fault is in place, however long that takes to arrange. */
const LIMIT_MS = 30_000
const trigger = process.env.FAULT_TRIGGER ?? ''
const real = LibvirtHypervisor.prototype.createSnapshot

LibvirtHypervisor.prototype.createSnapshot = async function (...args) {
  const end = performance.now() + LIMIT_MS
  while (!existsSync(trigger) && performance.now() < end) await sleep(5)
  return real.apply(this, args)
}
