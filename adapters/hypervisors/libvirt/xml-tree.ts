import { XMLParser } from 'fast-xml-parser'
import { StillshotError } from '../../../src/errors.ts'

/** One element with decoded texts; what is not touched is written back as it was read. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly (XmlElement | string)[]
}

const ATTRIBUTES = ':@'
const TEXT = '#text'

/** Entities are decoded here and not by the parser, so that nothing but XML's own five and numbers is ever expanded. */
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
})

/** The root element; rejects anything else with `hypervisor-refused`. */
export function parseXml(text: string): XmlElement {
  const root = parse(text).find((node) => typeof node !== 'string')
  if (root === undefined || typeof root === 'string') {
    throw new StillshotError('hypervisor-refused', "no XML in libvirt's answer")
  }
  return root
}

/** The text is not quoted: it may hold a console's password. */
function parse(text: string): (XmlElement | string)[] {
  try {
    return elements(parser.parse(text))
  } catch (cause) {
    throw new StillshotError('hypervisor-refused', "libvirt's answer is not XML that can be read", { cause })
  }
}

export function formatXml(element: XmlElement): string {
  const attributes = Object.entries(element.attributes).map(([key, value]) => ` ${key}='${encodeAttribute(value)}'`)
  const open = `<${element.name}${attributes.join('')}`
  if (element.children.length === 0) return `${open}/>`
  const inner = element.children.map((child) => (typeof child === 'string' ? encode(child) : formatXml(child)))
  return `${open}>${inner.join('')}</${element.name}>`
}

export function childrenNamed(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return (element?.children ?? []).filter(
    (child): child is XmlElement => typeof child !== 'string' && child.name === name,
  )
}

/** The first element along the path of names. */
export function find(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((at, name) => childrenNamed(at, name)[0], element)
}

/** The text inside; undefined when the element is missing. */
export function textOf(element: XmlElement | undefined): string | undefined {
  return element?.children.filter((child) => typeof child === 'string').join('')
}

/** A copy in which the children of this name are what `change` makes of them; undefined drops one. */
export function mapChildren(
  element: XmlElement,
  name: string,
  change: (child: XmlElement) => XmlElement | undefined,
): XmlElement {
  const children = element.children.flatMap((child) => {
    if (typeof child === 'string' || child.name !== name) return [child]
    return change(child) ?? []
  })
  return { ...element, children }
}

/** A copy with `child` in the place of the first one of its name, else at the end. */
export function putChild(element: XmlElement, child: XmlElement): XmlElement {
  const index = element.children.findIndex((at) => typeof at !== 'string' && at.name === child.name)
  const children = [...element.children]
  if (index === -1) children.push(child)
  else children[index] = child
  return { ...element, children }
}

function elements(parsed: unknown): (XmlElement | string)[] {
  if (!Array.isArray(parsed)) return []
  return parsed.flatMap((entry: Record<string, unknown>): (XmlElement | string)[] => {
    const name = Object.keys(entry).find((key) => key !== ATTRIBUTES)
    if (name === undefined) return []
    if (name === TEXT) return [decode(String(entry[name]))]
    const raw = (entry[ATTRIBUTES] ?? {}) as Record<string, unknown>
    const attributes = Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, decode(String(value))]))
    return [{ name, attributes, children: elements(entry[name]) }]
  })
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function decode(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(lt|gt|amp|quot|apos));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return character(Number.parseInt(hex, 16), whole)
    if (decimal !== undefined) return character(Number.parseInt(decimal, 10), whole)
    return ENTITIES[String(name).toLowerCase()] ?? whole
  })
}

function character(codePoint: number, whole: string): string {
  return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : whole
}

function encode(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll("'", '&apos;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;')
}

/** A parser turns line ends and tabs in an attribute into blanks unless they are written as numbers. */
function encodeAttribute(text: string): string {
  return encode(text).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')
}
