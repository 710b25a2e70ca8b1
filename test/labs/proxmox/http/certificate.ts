import { createHash, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../../command.ts'

export interface Certificate {
  /** The authority that signed it, as PEM. */
  readonly ca: string
  /** As PEM. */
  readonly certificate: string
  readonly key: string
  /** SHA-256 of the certificate: pairs of hexadecimal digits with colons, as the product shows it. */
  readonly fingerprint: string
}

const LIMIT = { timeoutMs: 30_000 }
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** A new authority and a certificate of it, for 127.0.0.1, localhost and these names. */
export async function makeCertificate(names: readonly string[]): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-pve-'))
  const file = (name: string) => join(folder, name)
  const make = (name: string, subject: string, ...more: readonly string[]) =>
    runCommand(
      'openssl',
      ['req', '-x509', ...KEY, '-days', '730', '-subj', `/CN=${subject}`, '-keyout', file(`${name}.key`)].concat(
        ['-out', file(`${name}.pem`)],
        more,
      ),
      LIMIT,
    )
  try {
    await make('ca', 'Proxmox Virtual Environment')
    const alternatives = ['IP:127.0.0.1', 'DNS:localhost', ...names.map((name) => `DNS:${name}`)].join(',')
    const byAuthority = ['-CA', file('ca.pem'), '-CAkey', file('ca.key')]
    const leaf = ['-addext', `subjectAltName=${alternatives}`, '-addext', 'basicConstraints=critical,CA:FALSE']
    await make('node', names[0] ?? 'pve1', ...byAuthority, ...leaf)
    const [ca, certificate, key] = await Promise.all(
      ['ca.pem', 'node.pem', 'node.key'].map((name) => readFile(file(name), 'utf8')),
    )
    if (ca === undefined || certificate === undefined || key === undefined) throw new Error('openssl wrote nothing')
    return { ca, certificate, key, fingerprint: fingerprintOf(certificate) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function fingerprintOf(pem: string): string {
  const digest = createHash('sha256').update(new X509Certificate(pem).raw).digest('hex').toUpperCase()
  return digest.match(/../g)?.join(':') ?? ''
}

let shared: Promise<Certificate> | undefined

/** One for all stand-ins of this process: making it takes a moment, and no test needs its own. */
export function sharedCertificate(): Promise<Certificate> {
  shared ??= makeCertificate(['pve1', 'pve2', 'pve3'])
  return shared
}
