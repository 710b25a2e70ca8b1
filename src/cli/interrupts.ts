import { StillshotError } from '../errors.ts'

interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
}

/**
 * The first SIGINT or SIGTERM aborts the returned signal: the forward path ends and what had been begun is undone. A
 * later one changes nothing, since undo starts the database; it says so.
 */
export function watchInterrupts(source: SignalSource, say: (text: string) => void) {
  const controller = new AbortController()
  const onSignal = (name: string) => () => {
    if (controller.signal.aborted) {
      say('stillshot: what had been begun is being undone, please wait: the database is started first\n')
      return
    }
    say(`stillshot: ${name}: stopping; what has been begun is undone\n`)
    controller.abort(new StillshotError('cancelled', `cancelled by ${name}`))
  }
  const onInterrupt = onSignal('SIGINT')
  const onTerminate = onSignal('SIGTERM')
  source.on('SIGINT', onInterrupt)
  source.on('SIGTERM', onTerminate)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      source.off('SIGINT', onInterrupt)
      source.off('SIGTERM', onTerminate)
    },
  }
}
