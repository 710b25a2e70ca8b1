import { field, list, text, type Value } from './values.ts'

/**
 * What says of a VM that stillshot made it as a copy: a line of its configuration. Whoever clones the copy clones the
 * line, so it names the copy, too.
 */
export interface CloneMark {
  readonly name: string
  /** Native id of the VM that it is a copy of. */
  readonly source: string
  readonly snapshotName: string
}

const KEY = 'stillshot.copy'

/** As a line of `extraConfig`. */
export function markLine(mark: CloneMark): object {
  const attributes = { 'xmlns:xsd': 'http://www.w3.org/2001/XMLSchema', 'xsi:type': 'xsd:string' }
  return { key: KEY, value: { attributes, $value: JSON.stringify({ version: 1, ...mark }) } }
}

/** Undefined for a VM that is no copy of ours. */
export function readCloneMark(extraConfig: Value): CloneMark | undefined {
  const line = list(field(extraConfig, 'OptionValue')).find((each) => text(field(each, 'key')) === KEY)
  try {
    const { version, name, source, snapshotName } = JSON.parse(text(field(line, 'value')))
    return version === 1 ? { name, source, snapshotName } : undefined
  } catch {
    return undefined
  }
}
