import { field, list, text, type Value } from './values.ts'

/**
 * What says of a VM that stillshot made it as a copy: a line of its configuration. Whoever clones the copy clones the
 * line, so it names the copy, too: by its name, and once it is kept by its native id, which no other VM ever has.
 */
export interface CloneMark {
  /** The name that it was made under. */
  readonly name: string
  /** Native id of the VM that it is a copy of. */
  readonly source: string
  readonly snapshotName: string
  /** Native id of the copy itself, once it is kept. */
  readonly kept?: string
}

const KEY = 'stillshot.copy'

/** As a line of `extraConfig`. */
export function markLine(mark: CloneMark): object {
  const attributes = { 'xmlns:xsd': 'http://www.w3.org/2001/XMLSchema', 'xsi:type': 'xsd:string' }
  return { key: KEY, value: { attributes, $value: JSON.stringify({ version: 1, ...mark }) } }
}

/** The mark of a copy of ours; undefined for any other VM, also for one that somebody made out of a copy. */
export function readOwnMark(extraConfig: Value, vm: { readonly name: string; readonly nativeId: string }) {
  const mark = readCloneMark(extraConfig)
  const names = mark?.kept === undefined ? mark?.name === vm.name : mark.kept === vm.nativeId
  return names ? mark : undefined
}

function readCloneMark(extraConfig: Value): CloneMark | undefined {
  const line = list(field(extraConfig, 'OptionValue')).find((each) => text(field(each, 'key')) === KEY)
  try {
    const { version, name, source, snapshotName, kept } = JSON.parse(text(field(line, 'value')))
    if (version !== 1 || [name, source, snapshotName].some((each) => typeof each !== 'string')) return undefined
    return { name, source, snapshotName, ...(typeof kept === 'string' ? { kept } : {}) }
  } catch {
    return undefined
  }
}
