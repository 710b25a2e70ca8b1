import { StillshotError } from '../errors.ts'
import type { Files } from '../system/files.ts'
import type { JournalEvent } from './journal-event.ts'

const EVENTS = new Set(['run-begun', 'intent', 'done', 'failed', 'undone', 'undo-failed', 'run-ended'])

/**
 * The events of a journal, oldest first; none when the process died before its first line was whole: then it had not
 * acted. A torn line is left out where a crash or a full disk can leave one: at the end
 * of the file, or before a line that begins afresh. `journal-damaged` when it does not begin with `run-begun`;
 * `version-newer` when a later stillshot wrote it.
 */
export async function readJournal(files: Files, path: string): Promise<readonly JournalEvent[]> {
  let content: string
  try {
    content = await files.readText(path)
  } catch (cause) {
    throw new StillshotError('journal-damaged', `the journal ${path} cannot be read`, { cause })
  }
  if (!content.includes('\n')) return []
  const events = content
    .split('\n')
    .map(parseLine)
    .filter((event) => event !== undefined)
  const first = events[0]
  if (first?.event !== 'run-begun') {
    throw new StillshotError('journal-damaged', `the journal ${path} does not begin with a run`)
  }
  if (first.version !== 1) {
    throw new StillshotError('version-newer', `the journal ${path} has version ${String(first.version)}`)
  }
  return events
}

function parseLine(line: string): JournalEvent | undefined {
  if (line === '') return undefined
  try {
    const value: unknown = JSON.parse(line)
    const event = (value as { event?: unknown } | null)?.event
    return typeof event === 'string' && EVENTS.has(event) ? (value as JournalEvent) : undefined
  } catch {
    return undefined
  }
}
