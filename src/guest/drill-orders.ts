/** What a copy is asked. */
export interface DrillOrders {
  /** Paths of markers. */
  readonly markers: readonly string[]
  /** SQL; each must answer with one row. */
  readonly assertions: readonly string[]
  readonly limitMs: number
}

/** What the helper reads for it on standard input. */
export function drillLines({ markers, assertions }: DrillOrders): readonly string[] {
  return [
    ...markers.map((path) => `marker=${path}`),
    ...assertions.map((sql) => `assert=${sql.replaceAll(/\s+/g, ' ').replace(/[; ]+$/, '')}`),
  ]
}
