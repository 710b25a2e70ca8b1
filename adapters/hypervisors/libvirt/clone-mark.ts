import { childrenNamed, find, formatXml, mapChildren, parseXml, type XmlElement } from './xml-tree.ts'

const NAMESPACE = 'urn:stillshot:clone'
const NAME = 'stillshot:clone'

/** What the copy's own definition says about it. */
export interface CloneMark {
  /** UUID of the VM that it is a copy of. */
  readonly source: string
  readonly snapshot: string
  /** The name that it was made under. */
  readonly id: string
  /** The name that it shall have once it is kept. */
  readonly as?: string
  /** The UUID of the copy itself, once it is kept: whoever clones the copy clones the mark, and not this. */
  readonly kept?: string
}

/** The mark in a definition; undefined for what is no copy of ours, and for a VM that somebody made out of one. */
export function readCloneMark(xml: string): CloneMark | undefined {
  const domain = parseXml(xml)
  const found = childrenNamed(find(domain, 'metadata'), NAME).find(
    ({ attributes }) => attributes['xmlns:stillshot'] === NAMESPACE,
  )
  const { source, snapshot, id, as, kept } = found?.attributes ?? {}
  if (source === undefined || snapshot === undefined) return undefined
  const [name, uuid] = [textIn(domain, 'name'), textIn(domain, 'uuid').toLowerCase()]
  if (kept !== undefined) return kept === uuid && id !== undefined ? { source, snapshot, id, kept } : undefined
  // Earlier versions wrote no name, and renamed nothing.
  const mark = { source, snapshot, id: id ?? name, ...(as === undefined ? {} : { as }) }
  return name === mark.id || name === mark.as ? mark : undefined
}

export function markElement({ source, snapshot, id, as, kept }: CloneMark): XmlElement {
  const more = { ...(as === undefined ? {} : { as }), ...(kept === undefined ? {} : { kept }) }
  const attributes = { 'xmlns:stillshot': NAMESPACE, source, snapshot, id, ...more }
  return { name: NAME, attributes, children: [] }
}

/** The definition with another mark. */
export function withMark(xml: string, mark: CloneMark): string {
  return formatXml(
    mapChildren(parseXml(xml), 'metadata', (metadata) => mapChildren(metadata, NAME, () => markElement(mark))),
  )
}

function textIn(domain: XmlElement, name: string): string {
  const { children = [] } = find(domain, name) ?? {}
  return children
    .filter((child) => typeof child === 'string')
    .join('')
    .trim()
}
