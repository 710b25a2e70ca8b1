import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  formatIn,
  guessedOverlaysOf,
  headerOf,
  overlaysOf,
  readImageGraph,
} from '../../../../adapters/hypervisors/libvirt/image-graph.ts'
import { readImageHeader } from '../../../../adapters/hypervisors/libvirt/image-header.ts'
import { domainXml, fakeHost, snapshotXml } from './fake-session.ts'

describe('the format of an image', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stillshot-graph-'))
  })
  after(() => rm(folder, { recursive: true }))
  const path = (name: string) => join(folder, name)

  test('a raw image keeps its recorded format, whatever its first bytes say', async () => {
    const raw = path('raw.img')
    await writeFile(raw, qcow2Header('/etc/hostname', 'raw'))
    assert.deepEqual(await readImageHeader(raw, 'raw'), { format: 'raw' })
    const { host } = fakeHost(domainOn(raw, 'raw'))
    const graph = await readImageGraph(host, [raw])
    assert.equal(formatIn(graph)(raw), 'raw')
    assert.deepEqual(overlaysOf(graph, '/etc/hostname'), [])
    assert.equal(headerOf(graph, '/etc/hostname'), undefined)
    await rm(raw)
  })

  test('a snapshot’s record or the overlay on it tells the format, and nothing is followed out of a raw image', async () => {
    const [frozen, top] = [path('frozen.img'), path('top.img')]
    await writeFile(frozen, qcow2Header('/etc/hostname', 'raw'))
    await writeFile(top, qcow2Header(frozen, 'raw'))
    for (const recorded of [true, false]) {
      const { host } = fakeHost(domainOn(top, 'qcow2', recorded ? { name: 's1', frozen: frozen } : undefined))
      const graph = await readImageGraph(host, [top])
      assert.equal(formatIn(graph)(frozen), 'raw')
      assert.deepEqual(overlaysOf(graph, frozen), [top])
      assert.deepEqual(overlaysOf(graph, '/etc/hostname'), [])
    }
  })

  test('a file that nobody has on record is an overlay by its header only, and counts as guessed', async () => {
    const [foreign, top] = [path('foreign.img'), path('top.img')]
    await writeFile(foreign, qcow2Header(top, 'qcow2'))
    const { host } = fakeHost(domainOn(top, 'qcow2'))
    assert.deepEqual(guessedOverlaysOf(await readImageGraph(host, [top]), top), [foreign])
  })
})

/** Virsh's answers for one domain on this image, with at most one snapshot, of a raw image. */
function domainOn(image: string, format: string, snapshot?: { name: string; frozen: string }) {
  return (command: string) => {
    if (command.startsWith('list')) return 'u1'
    if (command.startsWith('dumpxml')) return domainXml([image], { format })
    if (command.startsWith('snapshot-list')) return snapshot?.name ?? ''
    return snapshotXml(snapshot?.name ?? '', snapshot?.frozen ?? '', 'raw')
  }
}

/** The first bytes of a qcow2 image, version 3, that stands on `backing`. */
function qcow2Header(backing: string, format: string): Buffer {
  const header = Buffer.alloc(1024)
  header.writeUInt32BE(0x514649fb, 0)
  header.writeUInt32BE(3, 4)
  header.writeBigUInt64BE(512n, 8)
  header.writeUInt32BE(Buffer.byteLength(backing), 16)
  header.writeUInt32BE(104, 100)
  header.writeUInt32BE(0xe2792aca, 104)
  header.writeUInt32BE(format.length, 108)
  header.write(format, 112)
  header.write(backing, 512)
  return header
}
