import type { VmEvent } from '../../../src/hypervisor/hypervisor.ts'

/** Hands events to everybody who watches the VM at that moment. */
export class FakeEvents {
  readonly #watchers = new Map<string, Set<(event: VmEvent) => void>>()

  emit(nativeId: string, event: VmEvent): void {
    for (const tell of this.#watchers.get(nativeId) ?? []) tell(event)
  }

  /** Begins to listen at the call, not at the first `next`. Ends when the signal aborts. */
  watch(nativeId: string, signal: AbortSignal): AsyncIterable<VmEvent> {
    const waiting: VmEvent[] = []
    let wake = () => {}
    const tell = (event: VmEvent) => {
      waiting.push(event)
      wake()
    }
    const watchers = this.#watchers.get(nativeId) ?? new Set()
    this.#watchers.set(nativeId, watchers.add(tell))
    const end = () => {
      watchers.delete(tell)
      wake()
    }
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    return iterate(
      waiting,
      signal,
      (next) => {
        wake = next
      },
      end,
    )
  }
}

async function* iterate(
  waiting: VmEvent[],
  signal: AbortSignal,
  onWake: (next: () => void) => void,
  end: () => void,
): AsyncGenerator<VmEvent> {
  try {
    while (!signal.aborted) {
      const event = waiting.shift()
      if (event !== undefined) yield event
      else await new Promise<void>((resolve) => onWake(resolve))
    }
  } finally {
    end()
  }
}
