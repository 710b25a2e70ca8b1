import { FakeProcesses } from './fake-processes.ts'
import { MemoryFiles } from './memory-files.ts'
import { SeededRandomness } from './seeded-randomness.ts'
import { VirtualClock } from './virtual-clock.ts'

/** A machine of which the test owns time, randomness, files and processes; a `System` with the handles of each part. */
export interface VirtualSystem {
  readonly clock: VirtualClock
  readonly randomness: SeededRandomness
  readonly files: MemoryFiles
  readonly processes: FakeProcesses
}

/** `auto` (default): time passes by itself as soon as everything sleeps. */
export function virtualSystem(options: { auto?: boolean; seed?: number } = {}): VirtualSystem {
  return {
    clock: new VirtualClock({ auto: options.auto ?? true }),
    randomness: new SeededRandomness(options.seed),
    files: new MemoryFiles(),
    processes: new FakeProcesses(),
  }
}
