// runs beside other labs
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { createServer, type TlsOptions } from 'node:tls'
import { withTlsVersions } from '../../adapters/hypervisors/libvirt/tls-versions.ts'
import { libvirtUriProblem } from '../../src/config/libvirt-uri.ts'
import { tryCommand } from '../labs/command.ts'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'libvirt-tls-'))
  for (const authority of ['ours', 'theirs']) makeAuthority(authority)
  certify('ours', 'localhost')
  certify('ours', 'elsewhere.example')
  certify('theirs', 'localhost')
  // The client's view: pkipath holds the authority that it trusts.
  mkdirSync(join(folder, 'pki'))
  execFileSync('cp', [join(folder, 'ours.pem'), join(folder, 'pki/cacert.pem')])
})
after(() => rmSync(folder, { recursive: true }))

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
}

function makeAuthority(name: string): void {
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`]
  openssl('req', '-x509', ...key, '-out', `${name}.pem`, '-subj', `/CN=${name}`, '-days', '2')
}

function certify(authority: string, host: string): void {
  const name = `${authority}-${host}`
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
    '-subj',
    `/CN=${host}`,
  )
  const sign = ['-CA', `${authority}.pem`, '-CAkey', `${authority}.key`, '-CAcreateserial', '-days', '2']
  execFileSync('sh', ['-c', `printf 'subjectAltName=DNS:${host}\\n' >${name}.ext`], { cwd: folder })
  openssl('x509', '-req', '-in', `${name}.csr`, ...sign, '-extfile', `${name}.ext`, '-out', `${name}.pem`)
}

/** virsh, as the adapter calls it, against a server with this certificate; whether it came to trust it, and what it sent. */
async function connects(t: TestContext, certificate: string, options: TlsOptions = {}) {
  let secure = 0
  let sent = 0
  const read = (end: string) => readFileSync(join(folder, `${certificate}.${end}`))
  const server = createServer({ key: read('key'), cert: read('pem'), ...options }, (socket) => {
    secure += 1
    socket.on('error', () => {})
    // libvirt's server says with one byte that the client may go on.
    socket.write('\u0001')
    socket.on('data', (bytes) => {
      sent += bytes.length
      socket.destroy()
    })
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => server.close(resolve)))
  const uri = `qemu+tls://localhost:${(server.address() as AddressInfo).port}/system?pkipath=${folder}/pki`
  assert.equal(libvirtUriProblem(uri), undefined)
  const { status, stderr } = await tryCommand('virsh', ['-q', '-c', withTlsVersions(uri), 'uri'], { timeoutMs: 20_000 })
  assert.notEqual(status, 0)
  return { secure, sent, stderr }
}

describe('libvirt over TLS', () => {
  test('goes on with a certificate of its own authority and the host’s name, so that the others can be seen', async (t) => {
    const { sent } = await connects(t, 'ours-localhost')
    assert.ok(sent > 0)
  })

  test('sends nothing to a server that another authority has certified', async (t) => {
    const { sent, stderr } = await connects(t, 'theirs-localhost')
    assert.equal(sent, 0)
    assert.match(stderr, /certificate/)
  })

  test('sends nothing to a server of another name', async (t) => {
    const { sent, stderr } = await connects(t, 'ours-elsewhere.example')
    assert.equal(sent, 0)
    assert.match(stderr, /certificate|hostname/)
  })

  test('does not speak a TLS that is older than 1.2', async (t) => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
    const { secure, sent } = await connects(t, 'ours-localhost', old)
    assert.deepEqual([secure, sent], [0, 0])
  })
})
