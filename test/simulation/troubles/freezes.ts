import type { FreezingJob } from '../freezing/freezing-job.ts'
import type { Trouble } from '../trouble.ts'

/** Happens to the job that freezes the guest just now. */
function toTheJob(name: string, strike: (job: FreezingJob) => void): Trouble {
  return {
    name,
    strike({ freezing }) {
      if (freezing !== undefined) strike(freezing)
      return freezing !== undefined
    },
  }
}

const clockSteps: Trouble = {
  name: 'clock of the guest stepped',
  strike({ chance, guest: { freezes } }) {
    freezes.wallOffsetMs += chance.pick([-3_600_000, 3_600_000, -15_000, 15_000])
    return true
  },
}

export const freezeTroubles: readonly Trouble[] = [
  // Nobody can tell that a freeze failed after the hook when whoever would thaw again is gone.
  toTheJob('job killed while it freezes', (job) => {
    job.killed = !job.laterFails
  }),
  toTheJob('freeze fails after the hook', (job) => {
    job.laterFails = true
  }),
  toTheJob('snapshot of a frozen guest refused', (job) => {
    job.snapshotFails = true
  }),
  toTheJob('job takes a second snapshot', (job) => {
    job.takesTwo = true
  }),
  clockSteps,
]
