import type { RecoverReport } from '../../../src/coordinator/recover-runs.ts'
import type { SimulatedGuest } from '../guest/guest.ts'
import { keepsOthersOut } from '../guest/guest-hold.ts'
import type { MakeInvariant } from '../invariant.ts'

/** What a start may take beyond the forecast, and the granularity of timers. */
const SLACK_MS = 1_000
/** The watchdog tries again after this long when a start failed. */
const TRIES_EVERY_MS = 10_000 + 3_000

/**
 * Promise 1: what a hold stopped runs again within the hold's time to live, by the guest's clock; where something that is
 * not ours keeps the server from stopping or starting, counted from when that ends. At the end it runs, and only what ran.
 */
export const comesBack: MakeInvariant = ({ guest, other }) => {
  const guests = [guest, other].map(watchGuest)
  let toldDown = false
  return {
    promise: 'the database comes back',
    onEvent() {
      return guests[0]?.onEvent() ?? guests[1]?.onEvent()
    },
    onTold({ procedure, told }) {
      if (told.how === 'failed' && told.error.code === 'come-back-failed') toldDown = true
      // The report of recover names each hold that it could not bring to a good end.
      const holds = procedure === 'recover' && told.how === 'done' ? (told.result as RecoverReport).holds : []
      if (holds.some(({ outcome }) => outcome === 'failed')) toldDown = true
      return undefined
    },
    async atEnd() {
      // Its start failed, the watchdog that would go on trying is gone too, and somebody has been told that it is down.
      const watchdogGone = guest.helper.holds.some(({ watchdog }) => watchdog === 'missing')
      const isHeld = !guest.server.running || guest.helper.blocked
      if ((toldDown || guest.isHeldByNobody) && watchdogGone && isHeld) return guests[1]?.atEnd()
      return guests[0]?.atEnd() ?? guests[1]?.atEnd()
    },
  }
}

function watchGuest({ machine, server, helper }: SimulatedGuest) {
  let excusedUntil = 0
  return {
    onEvent(): string | undefined {
      if (!machine.isUp || machine.isPaused) return undefined
      const now = machine.uptime()
      const { stopHangsUntil, startFailsUntil } = server.troubles
      // Uptimes begin afresh with a boot.
      if (excusedUntil > now + 3_600_000) excusedUntil = 0
      if (stopHangsUntil > now || startFailsUntil > now) excusedUntil = Math.max(stopHangsUntil, startFailsUntil)
      for (const hold of helper.holds) {
        if (hold.stopRequestedUptimeMs === undefined || !keepsOthersOut(hold)) continue
        if (hold.watchdog === 'missing' || !hold.plan.server || server.running) continue
        const until = Math.max(hold.stopRequestedUptimeMs + hold.ttlMs + SLACK_MS, excusedUntil + TRIES_EVERY_MS)
        if (now > until)
          return `${hold.id} (${hold.state}) keeps the server ${server.state} for ${now - hold.stopRequestedUptimeMs} ms`
      }
      return undefined
    },
    atEnd(): string | undefined {
      if (!server.running) return `the server is ${server.state} at the end`
      if (helper.blocked) return 'its units are still blocked'
      if (helper.drains.lowered) return 'its settings are still those of a drain'
      if (helper.web.active !== helper.web.enabled)
        return `the web server is ${helper.web.active ? 'active' : 'inactive'}`
      return undefined
    },
  }
}
