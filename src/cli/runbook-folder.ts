import type { Runbooks } from '../coordinator/ports.ts'
import type { Files } from '../system/files.ts'
import { printable } from './format.ts'
import { runbookText } from './runbook-text.ts'

/**
 * Keeps each VM's runbook as `NAME.md` in a folder of the admin's choice. The folder must be there: what is not mounted is not written
 * into.
 */
export function runbookFolder(files: Pick<Files, 'replaceText'>, folder: string): Runbooks {
  return { keep: (book) => files.replaceText(`${folder}/${book.vm}.md`, printable(runbookText(book))) }
}
