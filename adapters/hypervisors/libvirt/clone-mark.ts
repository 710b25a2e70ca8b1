import { createHash } from 'node:crypto'
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

/** The UUID of the copy that is made under this name, always the same: it is found by it whatever it is called by now. */
export function cloneUuid(id: string): string {
  const bytes = createHash('sha256').update(`stillshot copy ${id}`).digest().subarray(0, 16)
  // As of RFC 9562: made from a name, in a way of our own.
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
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
