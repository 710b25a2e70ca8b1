/** GnuTLS's own choice of ciphers, without the versions before 1.2, which it still speaks to a server that has no better. */
const PRIORITY = 'NORMAL:-VERS-ALL:%2BVERS-TLS1.3:%2BVERS-TLS1.2'

/** The URI to connect with: where it leads over TLS, TLS 1.2 at least. A host without a transport means TLS too. */
export function withTlsVersions(uri: string): string {
  const parts = /^[a-z0-9]+(\+[a-z0-9]+)?:\/\/([^/?#]*)/i.exec(uri)
  if (parts === null || !/^(qemu|xen|ch|lxc|bhyve|test)(\+|:)/i.test(uri)) return uri
  const [, transport, host] = parts
  const tls = transport === undefined ? host !== '' : transport === '+tls'
  if (!tls) return uri
  return `${uri}${uri.includes('?') ? '&' : '?'}tls_priority=${PRIORITY}`
}
