/**
 * Where a suite runs: `machine` for one with an emulated virtual machine, of which two would only slow each other down; `native` for
 * one without, which runs beside; `alone` for one that nothing may disturb.
 */
export type Lane = 'machine' | 'native' | 'alone'

/** By a line of its own: `// runs beside other labs`, `// runs natively`, `// runs alone`. */
export function laneOf(text: string): Lane {
  if (/^\/\/ runs alone$/m.test(text)) return 'alone'
  return /^\/\/ runs (beside other labs|natively)$/m.test(text) ? 'native' : 'machine'
}

/**
 * Runs two suites at a time: one of the machine's lane beside one of the native lane, and when the machine's lane is empty, native
 * ones in both. What runs alone comes last, one after the other. None is begun once `isOver` says so.
 */
export async function runInLanes<Suite extends { readonly lane: Lane }>(
  suites: readonly Suite[],
  run: (suite: Suite) => Promise<void>,
  isOver: () => boolean,
): Promise<void> {
  const of = (lane: Lane) => suites.filter((suite) => suite.lane === lane)
  const [machine, native, alone] = [of('machine'), of('native'), of('alone')]
  const oneByOne = async (...queues: readonly Suite[][]) => {
    for (const queue of queues) {
      for (let suite = queue.shift(); suite !== undefined && !isOver(); suite = queue.shift()) await run(suite)
    }
  }
  await Promise.all([oneByOne(machine, native), oneByOne(native)])
  await oneByOne(alone)
}
