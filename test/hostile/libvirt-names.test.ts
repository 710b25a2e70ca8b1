import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readDomain, withImages } from '../../adapters/hypervisors/libvirt/domain-xml.ts'
import { findVm } from '../../adapters/hypervisors/libvirt/find-vm.ts'
import { readSnapshot, withDescription } from '../../adapters/hypervisors/libvirt/snapshot-xml.ts'
import { formatXml, parseXml } from '../../adapters/hypervisors/libvirt/xml-tree.ts'
import { fakeHost } from '../adapters/hypervisors/libvirt/fake-session.ts'
import { anyText } from './mutations.ts'
import { name } from './nasty-names.ts'
import { assertFromTable } from './table-error.ts'

const inXml = (text: string) => text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')

function isRefused(error: unknown): true {
  assertFromTable(error, 'hypervisor-refused')
  return true
}

describe('names in XML', () => {
  const snapshot = `<domainsnapshot><name>s</name><description>d</description><creationTime>1</creationTime></domainsnapshot>`

  test('come back as they went in', () => {
    fc.assert(
      fc.property(name.map(inXml), (text) => {
        assert.equal(readSnapshot(withDescription(snapshot, text)).description, text)
        const tree = {
          name: 'a',
          attributes: { b: text },
          children: [{ name: 'c', attributes: {}, children: text === '' ? [] : [text] }],
        }
        assert.deepEqual(parseXml(formatXml(tree)), tree)
        const domain = formatXml({
          name: 'domain',
          attributes: {},
          children: [
            { name: 'name', attributes: {}, children: [text] },
            { name: 'uuid', attributes: {}, children: ['u1'] },
          ],
        })
        assert.equal(readDomain(withImages(domain, new Map([['vda', text]]))).name, text)
      }),
      { numRuns: 500 },
    )
  })

  test('that would be XML themselves stay text', () => {
    const evil = `</description><disks><disk name='vda' snapshot='external'/></disks><description>`
    const read = readSnapshot(withDescription(snapshot, evil))
    assert.deepEqual([read.description, read.disks], [evil, []])
  })

  test('any text is refused in words or read', () => {
    const part = fc.oneof(
      fc.constantFrom(
        '<',
        '>',
        '</',
        '/>',
        '<a',
        '<a>',
        '</a>',
        '&',
        '&#',
        '&#x110000;',
        '<!--',
        '<![CDATA[',
        '<?',
        '<!DOCTYPE',
        ' b="',
        "'",
        '__proto__',
        'constructor',
      ),
      anyText(4),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        for (const read of [parseXml, readDomain, readSnapshot]) {
          try {
            read(parts.join(''))
          } catch (error) {
            assertFromTable(error, 'hypervisor-refused')
          }
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('entities that multiply are not expanded, and great depth ends', () => {
    const levels = Array.from({ length: 30 }, (_, level) => `<!ENTITY l${level + 1} "${`&l${level};`.repeat(10)}">`)
    const laughs = `<!DOCTYPE d [<!ENTITY l0 "ha">${levels.join('')}]><domain><name>&l30;</name><uuid>u</uuid></domain>`
    const outside = `<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><domain><name>&x;</name><uuid>u</uuid></domain>`
    const deep = `${'<a>'.repeat(50_000)}${'</a>'.repeat(50_000)}`
    const begunAt = performance.now()
    assert.equal(readDomain(laughs).name, '&l30;')
    for (const xml of [outside, deep]) assert.throws(() => readDomain(xml), isRefused)
    assert.ok(performance.now() - begunAt < 2_000)
  })

  test('numbers that are no character stay as they are', () => {
    assert.deepEqual(parseXml('<a>&#x110000;&#99999999;</a>').children, ['&#x110000;&#99999999;'])
  })
})

describe('a VM of libvirt', () => {
  const uuids = ['6695eb01-f6a4-8304-79aa-97f2502e193f', 'a23623c2-f240-4d27-be91-70631f152401']
  /** Two domains of these names. */
  const hostOf = (names: readonly string[]) =>
    fakeHost((command) => {
      const index = uuids.findIndex((uuid) => command.includes(uuid))
      if (command.startsWith('list')) return names.map((text, at) => `${uuids[at]} ${text.padEnd(30)}`).join('\n')
      if (command.startsWith('dumpxml'))
        return formatXml({
          name: 'domain',
          attributes: {},
          children: [
            { name: 'name', attributes: {}, children: [names[index] ?? ''] },
            { name: 'uuid', attributes: {}, children: [uuids[index] ?? ''] },
          ],
        })
      return command.startsWith('domstate') ? 'running' : ''
    }).host

  test('is the one whose name is the reference, to the last blank', async () => {
    for (const other of ['db1 ', ' db1', 'DB1', 'db1.', 'db10', 'db', "db1'", 'dЬ1', 'db1\u200b']) {
      await assert.rejects(findVm(hostOf([other]), 'db1'), { code: 'vm-not-found' })
      assert.equal((await findVm(hostOf([other, 'db1']), 'db1')).name, 'db1')
      assert.equal((await findVm(hostOf([other, 'db1']), other)).name, other)
    }
  })

  test('whose name is another one’s UUID is ambiguous', async () => {
    await assert.rejects(findVm(hostOf(['db1', uuids[0] ?? '']), uuids[0] ?? ''), { code: 'vm-ambiguous' })
  })
})
