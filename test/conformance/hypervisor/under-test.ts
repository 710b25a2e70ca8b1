import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ErrorCode, StillshotError } from '../../../src/errors.ts'
import type { Capabilities, Hypervisor, ListedVm, Vm } from '../../../src/hypervisor/hypervisor.ts'

/** How an adapter enrols. */
export interface HypervisorSuite {
  readonly name: string
  /** The adapter's own, told beforehand so that each case knows what to expect. */
  readonly capabilities: Capabilities
  /** Ids of the two disks on its virtio bus; `vda` and `vdb` unless given. */
  readonly disks?: readonly [first: string, second: string]
  /** Another bus than virtio, where it has none, of both disks or of each. */
  readonly bus?: string | readonly [first: string, second: string]
  /** Of the first disk; `first` unless given, where serials can be chosen. */
  readonly serial?: string
  /** What its list tells of the VM besides; no tags and no places unless given. */
  readonly facts?: Omit<ListedVm, 'nativeId' | 'name' | 'uuid'>
  /** True when a snapshot on which several others stand can be removed; else that must reject. */
  readonly removesBranches?: boolean
  /** For a container: where its guest has the two disks, of which it knows no device. */
  readonly mountPoints?: readonly [first: string, second: string]
  /** True when it makes copies of a VM at a snapshot; else it must say that it cannot, of this one where it can of others. */
  readonly clones?: boolean | 'of-others'
  /** A new running VM of its own for each case. */
  open(): Promise<HypervisorUnderTest>
  /** Why the suite cannot run here. */
  readonly skip?: string
}

export interface HypervisorUnderTest {
  readonly hypervisor: Hypervisor
  /** A running VM with two covered disks, the first with the suite's serial, and no snapshots; no agent in its guest. */
  readonly vm: Vm
  /** Writes a number from 1 to 255 into the disk, as a guest would. */
  write(disk: string, value: number): Promise<void>
  /** What the disk holds now; the VM is off. */
  read(disk: string): Promise<number>
  /** What a disk of a copy holds; the copy is off. Only where the suite says `clones`. */
  readClone?(clone: Vm, disk: string): Promise<number>
  /** Switches the VM off from outside. */
  stop(): Promise<void>
  /** A reference that means two VMs. */
  makeAmbiguous(): Promise<string>
  /** A whole backup of the VM's first disk that a job of the hypervisor begins then; where it makes none, absent. Gives its name. */
  makeBackup?(begunMs: number): Promise<string>
  /** Everything in the VM's storage: file names or the like. */
  storage(): Promise<readonly string[]>
  /** Takes the VM away and closes the adapter; must work after any failure. */
  close(): Promise<void>
}

/** One case with a VM of its own. */
export function hypervisorCase(
  suite: HypervisorSuite,
  sentence: string,
  body: (under: HypervisorUnderTest) => Promise<void>,
): void {
  test(sentence, { timeout: 300_000 }, async () => {
    const under = await suite.open()
    try {
      await body(under)
    } finally {
      await under.close()
    }
  })
}

/** Asserts that the promise rejects with a StillshotError of this code. */
export async function rejectsWith(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof StillshotError, String(error))
    assert.equal(error.code, code, error.message)
    return true
  })
}

export function disksOf({ vm }: HypervisorUnderTest): readonly string[] {
  return vm.disks.map(({ id }) => id)
}

export async function writeAll(under: HypervisorUnderTest, value: number): Promise<void> {
  for (const disk of disksOf(under)) await under.write(disk, value)
}

/** What the disks hold: one number, and a failure when they differ. */
export async function readAll(under: HypervisorUnderTest): Promise<number> {
  const values = await Promise.all(disksOf(under).map((disk) => under.read(disk)))
  assert.equal(new Set(values).size, 1, `the disks are at different times: ${values}`)
  return values[0] ?? 0
}

/** Writes the value, then takes the snapshot: what a roll back to it must bring back. */
export async function snapshotOf(under: HypervisorUnderTest, name: string, value: number): Promise<void> {
  await writeAll(under, value)
  await under.hypervisor.createSnapshot(under.vm, { name, description: `holds ${value}` })
}

export async function namesOf(under: HypervisorUnderTest): Promise<readonly string[]> {
  return (await under.hypervisor.listSnapshots(under.vm)).map((snapshot) => snapshot.name)
}

/** Rolls back and says what the disks hold then. */
export async function valueAfterRollBack(
  under: HypervisorUnderTest,
  snapshotName: string,
  token: string,
): Promise<number> {
  await under.hypervisor.rollBack(under.vm, { snapshotName, token })
  return readAll(under)
}

/** Aborts the act after `ms`. True when it was done before; anything but having been cut off is a failure. */
export async function cutOff(act: (signal: AbortSignal) => Promise<void>, ms: number): Promise<boolean> {
  const cut = new AbortController()
  const timer = setTimeout(() => cut.abort(), ms)
  try {
    await act(cut.signal)
    return true
  } catch (error) {
    assert.ok(error instanceof StillshotError, String(error))
    assert.ok(['cancelled', 'answer-lost'].includes(error.code), `${error.code}: ${error.message}`)
    return false
  } finally {
    clearTimeout(timer)
  }
}
