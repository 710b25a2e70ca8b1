import type { DeliberateFault } from './deliberate-fault-list.ts'

/** What may be wrong where databases are half restored, and somebody mends them. */
export const MENDING_FAULTS: readonly DeliberateFault[] = [
  {
    name: 'restore that mends not let in',
    file: 'src/coordinator/lock-to-mend.ts',
    find: 'return endedHalf(events) ? lock : undefined',
    replace: "return endedHalf(events) && key === '' ? lock : undefined",
  },
  {
    name: 'VM given away while recover works on it',
    file: 'src/coordinator/lock-to-mend.ts',
    find: 'await withRecoverLock(ports, async () => {',
    replace: 'await Promise.resolve(withRecoverLock).then(async () => {',
  },
  {
    name: 'recover that does not look who has the VM',
    file: 'src/coordinator/recover-runs.ts',
    find: 'const left = await lockAgain(world, run)',
    replace: "const left = run.run === '' ? await lockAgain(world, run) : undefined",
  },
  {
    name: 'guest that puts back over what was rolled back to',
    file: 'test/simulation/guest/restores.ts',
    find: "return isReplaced(machine.disk) ? 'replaced' : undefined",
    replace: 'return undefined',
  },
]
