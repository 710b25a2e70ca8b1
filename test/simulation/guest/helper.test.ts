import { VirtualClock } from '../../../adapters/system/fake/virtual-clock.ts'
import type { GuestBefore, GuestHelperUnderTest } from '../../conformance/guest-helper/under-test.ts'
import { testGuestHelper } from '../../conformance/guest-helper.ts'
import { Chance } from '../chance.ts'
import { carryOut } from './carry-out.ts'
import { SimulatedHelper } from './helper.ts'
import { freshDisk, GuestMachine } from './machine.ts'
import { GuestServer } from './server.ts'

const IDENTITY = { uuid: '1', mac: '52:54:00:00:00:01', sha256: '0', diskSerial: 'root', diskBytes: 1 }
const LIMITS = { stopMs: 5_000, startMs: 60_000 }

// How long each thing takes is chosen: what the helper promises holds however it turns out.
for (const seed of [1, 2, 3]) {
  testGuestHelper({ name: `simulated, chances ${seed}`, concurrency: 1, open: (before) => openModel(seed, before) })
}

async function openModel(seed: number, { serverRuns, webRuns }: GuestBefore): Promise<GuestHelperUnderTest> {
  const clock = new VirtualClock({ auto: true })
  const chance = new Chance(seed)
  const disk = { ...freshDisk(), clean: true, writes: 0 }
  const machine = new GuestMachine(clock, chance.fork(), () => disk)
  const server = new GuestServer(machine, chance.fork())
  const helper = new SimulatedHelper({ machine, server, chance, identity: IDENTITY, webRuns, limits: LIMITS })
  const { troubles } = server
  if (!serverRuns) await server.stop(60_000)
  return {
    run: async (verb, words, stdin) => carryOut(helper, [verb, ...words], (await stdin) ?? ''),
    pass: (ms) => clock.sleep(ms),
    serverRuns: async () => server.running,
    startServer: () => helper.startFromOutside(),
    async stopServer() {
      await server.stop(60_000)
    },
    async hangStops(ms) {
      troubles.stopHangsUntil = machine.uptime() + ms
    },
    async failStarts(fail) {
      troubles.startFailsUntil = fail ? Number.POSITIVE_INFINITY : 0
    },
    async failSync() {
      helper.troubles.syncFails = true
    },
    async replaceHelper() {
      helper.troubles.replacedUntil = Number.POSITIVE_INFINITY
    },
    async drainWaits() {
      while (!helper.drains.lowered) await clock.sleep(10)
    },
    async slowSettings(ms) {
      helper.troubles.settingsTakeMs = ms
    },
    async drainLowers() {
      while (!helper.drains.noted) await clock.sleep(10)
    },
    lowered: async () => helper.drains.lowered,
    close: async () => machine.powerOff(),
  }
}
