import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coverageOf } from '../../../../adapters/hypervisors/libvirt/coverage.ts'
import { readDomain, withImages } from '../../../../adapters/hypervisors/libvirt/domain-xml.ts'
import { formatXml, parseXml } from '../../../../adapters/hypervisors/libvirt/xml-tree.ts'

function domain(disks: string, more = ''): string {
  return `<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>a &amp; b</name>
  <uuid>B16D6F22-9944-4294-823E-0DF9E70DF53F</uuid><devices>${disks}
  <interface type='network'><mac address='52:54:00:AB:CD:EF'/></interface>${more}</devices>
  <qemu:commandline><qemu:arg value='-foo=&quot;1&quot;'/></qemu:commandline></domain>`
}

const PLAIN = `<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/>
  <source file='/a/top' index='3'/><backingStore type='file'><format type='raw'/><source file='/a/base'/></backingStore>
  <target dev='vda' bus='virtio'/></disk>`

test('a domain is read with its UUID and MAC addresses in lower case', () => {
  const read = readDomain(domain(PLAIN))
  assert.equal(read.uuid, 'b16d6f22-9944-4294-823e-0df9e70df53f')
  assert.equal(read.name, 'a & b')
  assert.deepEqual(read.macs, ['52:54:00:ab:cd:ef'])
  assert.deepEqual(read.disks[0]?.chain, ['/a/top', '/a/base'])
})

test('other images take the place of the old ones, without what stood under those', () => {
  const changed = withImages(domain(PLAIN), new Map([['vda', "/a/new's"]]))
  assert.match(changed, /<driver name='qemu' type='qcow2' cache='none'\/>/)
  assert.match(changed, /<source file='\/a\/new&apos;s'\/>/)
  assert.doesNotMatch(changed, /backingStore|\/a\/top|\/a\/base/)
  assert.match(changed, /<qemu:arg value='-foo=&quot;1&quot;'\/>/)
})

test('a disk on a block device becomes a file disk on its overlay', () => {
  const block = `<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='/dev/vg/db'/>
    <target dev='vda' bus='virtio'/></disk>`
  const changed = withImages(domain(block), new Map([['vda', '/images/db.back-1']]))
  assert.match(
    changed,
    /<disk type='file' device='disk'><driver name='qemu' type='qcow2'\/><source file='\/images\/db.back-1'\/>/,
  )
})

test('XML survives being read and written', () => {
  const text = "<a b='1 &lt; 2 &amp; &quot;3&quot;'>x &gt; y<c/> &amp;lt; </a>"
  assert.equal(formatXml(parseXml(text)), text)
  assert.equal(formatXml(parseXml('<a><![CDATA[<x>]]>&#228;&#x2713;</a>')), '<a>&lt;x&gt;ä✓</a>')
})

const UNCOVERED = [
  ["<disk type='network' device='disk'><source protocol='rbd' name='p/i'/>", /network disk.*move it/],
  ["<disk type='block' device='lun'><source dev='/dev/sdb'/>", /LUN.*use device/],
  ["<disk type='file' device='disk'><source file='/a'/><transient/>", /transient.*remove/],
  ["<disk type='file' device='disk'><source file='/a'/><shareable/>", /shareable.*remove/],
  ["<disk type='file' device='disk'><source file='/a'/><readonly/>", /read-only/],
  ["<disk type='file' device='disk' snapshot='no'><source file='/a'/>", /snapshot='no'/],
  ["<disk type='file' device='disk'><driver type='vmdk'/><source file='/a'/>", /vmdk.*qemu-img convert/],
  ["<disk type='file' device='disk'><source file='/a'><encryption format='luks'/></source>", /encrypted/],
] as const

for (const [element, reason] of UNCOVERED) {
  test(`not covered, with the way out: ${element}`, () => {
    const [disk] = readDomain(domain(`${element}<target dev='vda' bus='scsi'/></disk>`)).disks
    assert.ok(disk !== undefined)
    const coverage = coverageOf(disk)
    assert.equal(coverage.covered, false)
    assert.match(coverage.uncoveredReason ?? '', reason)
  })
}

test('SCSI devices of the host are seen', () => {
  const hostdev = "<hostdev mode='subsystem' type='scsi'><source/></hostdev><hostdev mode='subsystem' type='usb'/>"
  assert.deepEqual(readDomain(domain(PLAIN, hostdev)).passthrough, ['scsi'])
})
