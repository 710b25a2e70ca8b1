import assert from 'node:assert/strict'
import { test } from 'node:test'
import { libvirtUriProblem } from '../../src/config/libvirt-uri.ts'
import { loadSettings } from '../../src/config/load.ts'
import { StillshotError } from '../../src/errors.ts'
import { GOOD_CONFIG, hostWith } from './good-config.ts'

test('connections that verify the other side are taken', () => {
  for (const uri of [
    'qemu:///system',
    'qemu+unix:///session?socket=/run/libvirt/x',
    'qemu+ssh://admin@host:2222/system?keyfile=/k&no_tty=1&known_hosts_verify=normal',
    'qemu+libssh2://host/system?knownhosts=/etc/ssh/known;sshauth=agent,privkey',
    'qemu+tls://[2001:db8::1]:16514/system?pkipath=/etc/pki',
    'qemu://host/system',
    'test:///default',
  ]) {
    assert.equal(libvirtUriProblem(uri), undefined, uri)
  }
})

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['qemu+ssh://host/system?no_verify=1', /no_verify/],
  ['qemu+ssh://host/system?keyfile=/k&NO_VERIFY=0', /NO_VERIFY/],
  ['qemu+tls://host/system?%6eo_verify=1', /no_verify/],
  ['qemu+tls://host/system?pkipath=/p;no_verify=1', /no_verify/],
  ['qemu+tls://host/system?no_sanity=1', /no_sanity/],
  ['qemu+tls://host/system?tls_priority=NORMAL:%2BVERS-TLS1.0', /tls_priority/],
  ['qemu+libssh2://host/system?known_hosts_verify=ignore', /known_hosts_verify/],
  ['qemu+libssh://host/system?known_hosts_verify=auto', /known_hosts_verify/],
  ['qemu+libssh2://host/system?sshauth=privkey,password', /password/],
  ['qemu+ssh://host/system?command=/tmp/ssh-without-checks', /command/],
  ['qemu+ext://host/system?command=/tmp/x', /\+ext/],
  ['qemu+tcp://host/system', /\+tcp/],
  ['qemu+ssh+tcp://host/system', /\+ssh\+tcp/],
  ['esx://host/?no_verify=1', /no_verify/],
  ['hyperv://host/?transport=http', /transport/],
  ['qemu+ssh://admin:canary@host/system', /password/],
  ['qemu', /not understood/],
]

test('a switch that turns verification off, or a way around it, is refused', () => {
  for (const [uri, reason] of REFUSED) assert.match(libvirtUriProblem(uri) ?? 'taken', reason, uri)
})

test('such a configuration is not loaded, and the message names the place and no secret', async () => {
  for (const uri of ['qemu+tls://h/system?no_verify=1', 'qemu+ssh://admin:canary@h/system']) {
    const text = GOOD_CONFIG.replace('{ kind: libvirt }', `{ kind: libvirt, uri: "${uri}" }`)
    await assert.rejects(loadSettings(hostWith(text)), (error) => {
      assert.ok(error instanceof StillshotError && error.code === 'config-invalid')
      assert.match(error.message, /hypervisors\.kvm\.uri/)
      assert.doesNotMatch(JSON.stringify(error) + error.message + error.hint, /canary/)
      return true
    })
  }
})
