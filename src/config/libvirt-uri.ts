/** Transports that verify the other side, or have none: `tcp` is in the clear, `ext` is a program of one's own. */
const TRANSPORTS = ['unix', 'ssh', 'libssh', 'libssh2', 'tls']

/**
 * Parameters that turn no verification off. Everything else is refused, because libvirt may learn new ones: known to do so are
 * `no_verify`, `no_sanity`, `known_hosts_verify`, `tls_priority` (weaker TLS) and `command` (another program in place of ssh).
 */
const PARAMETERS = [
  'keyfile',
  'knownhosts',
  'mode',
  'name',
  'netcat',
  'no_tty',
  'pkipath',
  'proxy',
  'socket',
  'sshauth',
]

/** Why this connection URI is not used, as the end of a sentence; undefined when it may be. */
export function libvirtUriProblem(uri: string): string | undefined {
  const parts = /^[a-z0-9]+(?:\+([a-z0-9+]+))?:\/\/([^/?#]*)[^?#]*(?:\?([^#]*))?/.exec(uri)
  if (parts === null) return 'is not understood'
  const [, transport, authority = '', query = ''] = parts
  if (transport !== undefined && !TRANSPORTS.includes(transport)) {
    return `uses +${transport}, which verifies nobody: use ${TRANSPORTS.map((name) => `+${name}`).join(', ')}`
  }
  if (/^[^@]*:[^@]*@/.test(authority)) return 'holds a password: use a key or a certificate'
  for (const pair of query.split(/[&;]/)) {
    const problem = parameterProblem(pair)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** libvirt decodes names and values, and does not look at the case of a name. */
function parameterProblem(pair: string): string | undefined {
  const [name = '', value = ''] = pair.split('=', 2).map(decoded)
  if (name === '') return undefined
  const known = name.toLowerCase()
  if (known === 'known_hosts_verify' && value === 'normal') return undefined
  if (known === 'sshauth' && /password|interactive/i.test(value)) return 'would log in with a password: use a key'
  if (PARAMETERS.includes(known)) return undefined
  return `has the parameter ${JSON.stringify(name)}, which could turn a verification off: take it out`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
