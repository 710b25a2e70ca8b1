import type { Clock } from '../../src/system/clock.ts'

/** Which VMs a task works on, or has left locked. */
export class VmLocks {
  readonly #clock: Clock
  readonly #locked = new Set<string>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  has(nativeId: string): boolean {
    return this.#locked.has(nativeId)
  }

  take(nativeId: string): void {
    this.#locked.add(nativeId)
  }

  free(nativeId: string): void {
    this.#locked.delete(nativeId)
  }

  /** Free again after so long, whoever had taken it. */
  freeAfter(nativeId: string, ms: number): void {
    this.#clock.sleep(ms).then(() => this.free(nativeId))
  }

  /** Waits up to `limitMs` for it to be free; true when it is. Rejects with the signal's reason. */
  async untilFree(nativeId: string, limitMs: number, signal?: AbortSignal): Promise<boolean> {
    const until = this.#clock.monotonic() + limitMs
    while (this.has(nativeId)) {
      if (this.#clock.monotonic() >= until) return false
      await this.#clock.sleep(1_000, signal)
    }
    return true
  }
}
