/** How long a Proxmox VE node takes over things, in milliseconds; a test may shorten any of them. */
export interface Times {
  /** A connection on which nothing was asked for so long is closed. */
  readonly idleMs: number
  /** Every 401 is held back until so long after the request. */
  readonly unauthorizedMs: number
  /** Until a request to a node that is gone fails with 595. */
  readonly unreachableMs: number
  /** Until the web server gives up waiting for the daemon or another node and answers 596; the work goes on. */
  readonly proxyMs: number
  /** Longest wait for the flock of a guest's configuration, and for its migration lock. */
  readonly flockMs: number
  /** How long `qm cleanup` holds the flock after a roll back that started the guest again. */
  readonly cleanUpMs: number
  /** Longest wait for the guest agent's answer to a ping. */
  readonly agentPingMs: number
  /** Age that the figures of /cluster/resources reach: power among them. */
  readonly statisticsMs: number
  /** How long a ticket and its CSRF token are valid. */
  readonly ticketMs: number
  /** Longest wait for a guest that was asked to shut down. */
  readonly shutdownMs: number
  /** Until the cluster's manager does what a `hastart` or `hastop` has asked for. */
  readonly haMs: number
}

/** As in the product. */
export const REAL_TIMES: Times = {
  idleMs: 5_000,
  unauthorizedMs: 3_000,
  unreachableMs: 3_000,
  proxyMs: 30_000,
  flockMs: 10_000,
  cleanUpMs: 30_000,
  agentPingMs: 3_000,
  statisticsMs: 10_000,
  ticketMs: 2 * 3_600_000,
  shutdownMs: 180_000,
  haMs: 5_000,
}

/** For unit tests that are not about waiting: the same order of things in a hundredth of the time. */
export const QUICK_TIMES: Times = {
  idleMs: 5_000,
  unauthorizedMs: 5,
  unreachableMs: 5,
  proxyMs: 5_000,
  flockMs: 100,
  cleanUpMs: 50,
  agentPingMs: 5,
  statisticsMs: 0,
  ticketMs: REAL_TIMES.ticketMs,
  shutdownMs: 500,
  haMs: 20,
}
