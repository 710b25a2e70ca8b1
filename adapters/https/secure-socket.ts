import { isIP, connect as openTcp, type Socket } from 'node:net'
import { connect as openTls, type TLSSocket } from 'node:tls'
import { StillshotError } from '../../src/errors.ts'
import { isPinned } from './fingerprint.ts'

/** What the server's certificate must be: signed by `authority` (PEM; default: the system's), or the pinned one itself. */
export interface Trust {
  readonly authority?: string
  /** SHA-256 of the certificate. */
  readonly pinned?: Buffer
  /** The way out when the certificate is not trusted: where this product keeps its authority. */
  readonly hint: string
}

export interface SecureSocket {
  readonly tls: TLSSocket
  /** Ends the connection at once; what is still held back on this side is not sent. */
  reset(): void
}

/**
 * Connects and looks at the certificate before anything is written: who gets the socket may send secrets. These
 * rules are given for this connection alone, so that no switch of the process or the environment loosens them.
 * Rejects with `hypervisor-unreachable`, or `hypervisor-refused` for a certificate that is not trusted.
 */
export async function openSecureSocket(url: URL, trust: Trust, signal: AbortSignal): Promise<SecureSocket> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  signal.throwIfAborted()
  const tcp = openTcp({ host, port: Number(url.port || 443), noDelay: true })
  // Whoever waits is told below; at any other time the owner sees that the socket is gone.
  tcp.on('error', () => {})
  // Nothing has been said yet, so there is nothing to hold back.
  const end = () => void tcp.destroy()
  signal.addEventListener('abort', end)
  try {
    await ready(tcp, 'connect')
    const tls = openTls({
      socket: tcp,
      host,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(trust.authority === undefined ? {} : { ca: trust.authority }),
      rejectUnauthorized: trust.pinned === undefined,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
    })
    await ready(tls, 'secureConnect')
    const seen = tls.getPeerCertificate().fingerprint256
    if (trust.pinned !== undefined && !isPinned(trust.pinned, seen)) throw otherCertificate(url, seen)
    tls.on('error', () => {})
    const reset = () => {
      if (!tcp.destroyed) tcp.resetAndDestroy()
    }
    return { tls, reset }
  } catch (error) {
    end()
    signal.throwIfAborted()
    throw notConnected(url, error, trust.hint)
  } finally {
    signal.removeEventListener('abort', end)
  }
}

function ready(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once(event, resolve)
  socket.once('error', reject)
  socket.once('close', () => reject(new Error('the connection was closed')))
  return promise
}

function otherCertificate(url: URL, seen: string | undefined): StillshotError {
  return new StillshotError('hypervisor-refused', `${url.host} shows another certificate: SHA256:${seen}`, {
    hint: 'compare it on the server’s own console; if it was renewed, write the new fingerprint into the configuration',
  })
}

/** OpenSSL's and Node's words for a certificate that is not trusted. */
const NOT_TRUSTED = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE))/

function notConnected(url: URL, error: unknown, hint: string): StillshotError {
  if (error instanceof StillshotError) return error
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException
  if (!NOT_TRUSTED.test(code)) {
    return new StillshotError('hypervisor-unreachable', `${url.host}: ${message || code}`, { cause: error })
  }
  return new StillshotError('hypervisor-refused', `the certificate of ${url.host} is not trusted: ${message}`, {
    cause: error,
    hint,
  })
}
