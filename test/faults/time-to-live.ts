/** Short, so that the watchdog is seen at work; as long as preflight's forecast needs on an emulated guest. */
export const SHORTEST_TTL_MS = 45_000

/** As a guest is measured in: longer than any run without a fault. */
export const MEASURING_TTL_MS = 240_000

/**
 * The time to live that a guest's cells are played with, from the outage of one run without any fault: where this machine is slow, a
 * hold that is shorter than what stop and start take would be a fault of its own. Pure.
 */
export function timeToLive(cleanOutageMs: number, shortestMs = SHORTEST_TTL_MS): number {
  // Two guests at once, and a cell's own work beside them.
  const needed = Math.ceil((3 * cleanOutageMs) / 5_000) * 5_000
  return Math.min(MEASURING_TTL_MS, Math.max(shortestMs, needed))
}

/** The line of the configuration, and the limits of stop and start inside it. */
export function holdOf(ttlMs: number): { readonly hold: string; readonly limits: string } {
  const seconds = ttlMs / 1000
  return {
    hold: `{ ttl: ${seconds}s, budget: ${seconds - 2}s }`,
    limits: `stopLimit: ${Math.round((seconds * 2) / 3)}s, startLimit: ${Math.round((seconds * 4) / 9)}s`,
  }
}
