import type { FileChange, FilesDifference } from '../../coordinator/compare-files.ts'
import { formatBytes, line } from '../format.ts'

/** Enough to see what it is about; `--json` has more. */
const MOST_NAMED = 60
const MOST_TEXT_LINES = 400
const SIGNS = { added: '+', changed: '~', kept: '=' } as const

/** How files and configuration differ, a path a line: `+` comes, `~` changes, `=` is not in the backup and stays. */
export function filesText(files: readonly FilesDifference[]): string {
  let textLines = 0
  return files
    .map((difference) => {
      const named = difference.changes.slice(0, MOST_NAMED)
      const more = difference.omitted + difference.changes.length - named.length
      const lines = named.flatMap((change) => {
        const text = textLines < MOST_TEXT_LINES ? (change.text?.lines ?? []) : []
        textLines += text.length
        return [changeText(change), ...text.map((each) => line`        ${each}`), ...cutText(change)]
      })
      const rest = more > 0 ? [`    … and ${more} more: --json names them`] : []
      return [`  ${countsText(difference)}`, ...lines, ...rest].map((each) => `${each}\n`).join('')
    })
    .join('')
}

/** `files: 2 added, 1 changed, 3 kept, 812 as in the backup`. */
export function countsText({ part, added, changed, kept, same }: FilesDifference): string {
  return line`${part}: ${added} added, ${changed} changed, ${kept} kept though not in the backup, ${same} as in it`
}

function cutText({ text }: FileChange): readonly string[] {
  return text?.cut === true ? ['        … more of it differs'] : []
}

function changeText({ path, change, aspects, now, backup }: FileChange): string {
  const head = line`    ${SIGNS[change]} ${path}`
  if (change === 'added') return line`${head}  ${backup?.kind ?? ''}${sizeText(backup)}`
  if (change === 'kept' || now === undefined || backup === undefined)
    return line`${head}  ${now?.kind ?? ''}${sizeText(now)}`
  const said = aspects.map((aspect) => {
    switch (aspect) {
      case 'kind':
        return line`${now.kind}, ${backup.kind} in the backup`
      case 'mode':
        return line`mode ${now.mode} -> ${backup.mode}`
      case 'owner':
        return line`owner ${now.owner} -> ${backup.owner}`
      case 'size':
        return line`${formatBytes(now.sizeBytes)} -> ${formatBytes(backup.sizeBytes)}`
      case 'leads-to':
        return 'leads elsewhere'
      default:
        return aspect
    }
  })
  return line`${head}  ${said.join(', ')}`
}

function sizeText(facts: FileChange['now']): string {
  return facts?.kind === 'file' ? `, ${formatBytes(facts.sizeBytes)}` : ''
}
