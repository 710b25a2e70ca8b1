import type { System } from '../../src/system/system.ts'
import { NodeClock } from './node-clock.ts'
import { NodeFiles } from './node-files.ts'
import { NodeProcesses } from './node-processes.ts'
import { NodeRandomness } from './node-randomness.ts'

/** The machine that this process runs on. */
export function nodeSystem(): System {
  return {
    clock: new NodeClock(),
    randomness: new NodeRandomness(),
    files: new NodeFiles(),
    processes: new NodeProcesses(),
  }
}
