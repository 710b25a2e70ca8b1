import type { FakeVm } from '../../adapters/hypervisors/fake/fake-vm.ts'
import type { PowerState } from '../../src/hypervisor/hypervisor.ts'
import type { Change } from './hypervisor-troubles.ts'

/** What the hypervisor does to the machines that it runs, and asks of them. */
export interface Machines {
  /** The disks' content as text, at this moment. */
  content(vm: FakeVm): string
  putBack(vm: FakeVm, content: string): void
  powerOff(vm: FakeVm): void
  powerOn(vm: FakeVm): void
  power(vm: FakeVm): PowerState
  /** An agent freezes the guest, if it can; ends when it has, or was given up. */
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** The machine stands still for so long. */
  stun(ms: number): Promise<void>
  /** A change has arrived and will be tried, whatever its caller does from now on. */
  onArrival(arrival: ChangeArrival): void
  /** This is the point in time of a snapshot; `whole`: every disk is in it. */
  onPointInTime(vm: FakeVm, name: string, whole: boolean): void
}

/** `run`: the run that asks, where the request names it. */
export interface ChangeArrival {
  readonly change: Change
  readonly vm: FakeVm
  readonly name: string
  readonly run?: string | undefined
  /** It was on its way for long: who asked may have given up meanwhile. */
  readonly late?: boolean
}
