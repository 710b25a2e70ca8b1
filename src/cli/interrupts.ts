import { StillshotError } from '../errors.ts'

/** SIGHUP is what a closed terminal or a lost connection sends: the default would end us with a database held. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Interrupt = (typeof SIGNALS)[number]

interface SignalSource {
  on(signal: Interrupt, listener: () => void): unknown
  off(signal: Interrupt, listener: () => void): unknown
}

/**
 * The first SIGINT, SIGTERM or SIGHUP aborts the returned signal: the forward path ends and what had been begun is
 * undone. A later one changes nothing, since undo starts the database; it says so, where somebody still reads it.
 */
export function watchInterrupts(source: SignalSource, say: (text: string) => void) {
  const controller = new AbortController()
  const tell = (text: string) => {
    try {
      say(text)
    } catch {
      // The terminal may have gone with the signal.
    }
  }
  const listeners = SIGNALS.map((name) => {
    const listener = () => {
      if (controller.signal.aborted) {
        tell('stillshot: what had been begun is being undone, please wait: the database is started first\n')
        return
      }
      controller.abort(new StillshotError('cancelled', `cancelled by ${name}`))
      tell(`stillshot: ${name}: stopping; what has been begun is undone\n`)
    }
    source.on(name, listener)
    return [name, listener] as const
  })
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const [name, listener] of listeners) source.off(name, listener)
    },
  }
}
