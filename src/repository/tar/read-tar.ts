import { StillshotError } from '../../errors.ts'
import { ByteReader } from './byte-reader.ts'
import {
  attributesOf,
  BLOCK,
  type PaxRecords,
  padding,
  readHeader,
  readRecords,
  type TarHeader,
  textOf,
} from './tar-header.ts'

/** A file, folder or link of a tar, at the moment at which the reader is there. */
export interface TarMember {
  /** Absolute, without a slash at its end. */
  readonly path: string
  readonly kind: 'file' | 'directory' | 'link' | 'hardlink' | 'other'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** As the guest sees it, holes included. */
  readonly sizeBytes: number
  /** Of a link, where it leads as it says; of a second name, the absolute path of the first. */
  readonly leadsTo: string
  /** One word for extended attributes and access lists; empty without any. */
  readonly attributes: string
  /** `map`: what is stored begins with a list of what is no hole; `header`: an older form of which that list is in the headers. */
  readonly sparse: 'no' | 'map' | 'header'
  /** All blocks ahead of its content, as they stand. */
  readonly headers: readonly Uint8Array[]
  /** How much is stored, without what fills the last block. */
  readonly storedBytes: number
  /** What is stored. To be read before the next member is asked for; what is not is skipped. */
  readonly stored: AsyncIterable<Uint8Array>
}

/** Attributes of a file may be long; what a hostile guest writes must not fill our memory. */
const LONGEST_RECORDS = 4 * 1024 * 1024

/**
 * The members of a tar as GNU tar writes it, in their order; as much memory as one header takes. Rejects with `backup-damaged` for
 * what is none, ends too early, or names a path that leads elsewhere; with what `bytes` throws.
 */
export async function* readTar(bytes: AsyncIterable<Uint8Array>, where: string): AsyncGenerator<TarMember> {
  const reader = new ByteReader(bytes)
  try {
    for (;;) {
      const ahead = await readAhead(reader, where)
      if (ahead === undefined) break
      const left = { bytes: 0 }
      const member = memberOf(ahead, reader, left, where)
      yield member
      await skip(reader, left.bytes + padding(member.storedBytes), where)
    }
    // Whoever wrote it waits until it is read.
    while ((await reader.some(1 << 20)) !== undefined);
  } finally {
    await reader.close()
  }
}

interface Ahead {
  readonly header: TarHeader
  readonly records: PaxRecords
  readonly longName: Buffer | undefined
  readonly longLink: Buffer | undefined
  readonly headers: readonly Uint8Array[]
}

async function readAhead(reader: ByteReader, where: string): Promise<Ahead | undefined> {
  const headers: Uint8Array[] = []
  let records: PaxRecords = new Map()
  let longName: Buffer | undefined
  let longLink: Buffer | undefined
  for (;;) {
    const block = await reader.exactly(BLOCK)
    if (block.length < BLOCK) throw new StillshotError('backup-damaged', `${where} ends in the middle`)
    if (block.every((byte) => byte === 0)) return undefined
    const header = readHeader(block, where)
    headers.push(block)
    if (!'xgLK'.includes(header.typeFlag)) {
      if (header.typeFlag === 'S') headers.push(...(await moreOfMap(reader, block)))
      return { header, records, longName, longLink, headers }
    }
    if (header.sizeBytes > LONGEST_RECORDS) {
      throw new StillshotError('backup-damaged', `${where} has a header of ${header.sizeBytes} bytes`)
    }
    const content = await reader.exactly(header.sizeBytes + padding(header.sizeBytes))
    headers.push(content)
    const said = content.subarray(0, header.sizeBytes)
    if (header.typeFlag === 'x') records = readRecords(said, where)
    if (header.typeFlag === 'L') longName = untilZero(said)
    if (header.typeFlag === 'K') longLink = untilZero(said)
  }
}

/** Where the list of holes goes on in blocks of its own. */
async function moreOfMap(reader: ByteReader, first: Buffer): Promise<readonly Uint8Array[]> {
  const blocks: Uint8Array[] = []
  let more = first[482] === 1
  while (more && blocks.length < LONGEST_RECORDS / BLOCK) {
    const block = await reader.exactly(BLOCK)
    blocks.push(block)
    more = block[504] === 1
  }
  return blocks
}

async function skip(reader: ByteReader, length: number, where: string): Promise<void> {
  for await (const _ of storedOf(reader, { bytes: length }, where));
}

function memberOf(ahead: Ahead, reader: ByteReader, left: { bytes: number }, where: string): TarMember {
  const { header, records, longName, longLink, headers } = ahead
  const said = (key: string) => records.get(key)
  const name = said('GNU.sparse.name') ?? said('path') ?? longName
  const link = said('linkpath') ?? longLink
  const storedBytes = hasContent(header.typeFlag) ? numberOf(said('size'), header.sizeBytes) : 0
  const sparse = said('GNU.sparse.major') === undefined ? (header.typeFlag === 'S' ? 'header' : 'no') : 'map'
  const leadsTo = link === undefined ? header.linkName : textOf(link)
  const kind = kindOf(header.typeFlag)
  left.bytes = storedBytes
  return {
    path: absolute(name === undefined ? header.name : textOf(name), where),
    kind,
    mode: header.mode,
    uid: numberOf(said('uid'), header.uid),
    gid: numberOf(said('gid'), header.gid),
    sizeBytes: numberOf(said('GNU.sparse.realsize'), storedBytes),
    leadsTo: kind === 'hardlink' ? absolute(leadsTo, where) : kind === 'link' ? leadsTo : '',
    attributes: attributesOf(records),
    ...{ sparse, headers, storedBytes, stored: storedOf(reader, left, where) },
  }
}

async function* storedOf(reader: ByteReader, left: { bytes: number }, where: string): AsyncGenerator<Uint8Array> {
  while (left.bytes > 0) {
    const piece = await reader.some(left.bytes)
    if (piece === undefined) throw new StillshotError('backup-damaged', `${where} ends in the middle`)
    left.bytes -= piece.length
    yield piece
  }
}

function hasContent(typeFlag: string): boolean {
  return ['0', '\0', '7', 'S'].includes(typeFlag)
}

function kindOf(typeFlag: string): TarMember['kind'] {
  if (hasContent(typeFlag)) return 'file'
  if (typeFlag === '5') return 'directory'
  if (typeFlag === '2') return 'link'
  return typeFlag === '1' ? 'hardlink' : 'other'
}

function numberOf(said: Buffer | undefined, otherwise: number): number {
  return said === undefined ? otherwise : Math.floor(Number(said.toString('latin1')))
}

function untilZero(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0)
  return end < 0 ? bytes : bytes.subarray(0, end)
}

/** Names in our archives begin at the root of the guest, without its slash. */
function absolute(name: string, where: string): string {
  const path = `/${name.replace(/\/+$/, '')}`
  if (`${path}/`.includes('/../') || `${path}/`.includes('/./') || path.includes('//')) {
    throw new StillshotError('backup-damaged', `${where} names a path that leads elsewhere: ${JSON.stringify(name)}`)
  }
  return path
}
