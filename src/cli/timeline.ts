import type { JournalEvent } from '../saga/journal-event.ts'
import { parseInstant } from '../system/instant.ts'
import { formatMs, line } from './format.ts'

/** The events of a journal, one a line, with the time since the run began. */
export function timeline(events: readonly JournalEvent[]): string {
  const begunAt = events[0]?.at ?? ''
  return events.map((event) => `${line`${since(begunAt, event.at).padStart(10)}  ${words(event)}`}\n`).join('')
}

function since(begunAt: string, at: string): string {
  const ms = parseInstant(at) - parseInstant(begunAt)
  return Number.isFinite(ms) ? `+${formatMs(Math.max(0, ms))}` : at
}

function words(event: JournalEvent): string {
  switch (event.event) {
    case 'run-begun':
      return `${event.procedure} of ${event.vm} began (process ${event.owner.pid} on ${event.owner.host})`
    case 'intent':
      return `${event.step}: begins${event.undo === undefined ? '' : `; undo: ${event.undo.action}`}`
    case 'failed':
      return `${event.step}: failed: ${event.message} (${event.code})`
    case 'undo-failed':
      return `${event.step}: could not be undone: ${event.message} (${event.code})`
    case 'run-ended':
      return `ended: ${event.outcome}`
    default:
      return `${event.step}: ${event.event}`
  }
}
