import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withTlsVersions } from '../../../../adapters/hypervisors/libvirt/tls-versions.ts'

test('a connection over TLS names the versions that it takes, every other stays as it is', () => {
  const added = 'tls_priority=NORMAL:-VERS-ALL:%2BVERS-TLS1.3:%2BVERS-TLS1.2'
  assert.equal(withTlsVersions('qemu+tls://host/system'), `qemu+tls://host/system?${added}`)
  assert.equal(withTlsVersions('qemu://host/system?pkipath=/p'), `qemu://host/system?pkipath=/p&${added}`)
  for (const uri of [
    'qemu:///system',
    'qemu+ssh://host/system',
    'qemu+unix:///session?socket=/x',
    'test:///default',
    'esx://host/',
  ]) {
    assert.equal(withTlsVersions(uri), uri)
  }
})
