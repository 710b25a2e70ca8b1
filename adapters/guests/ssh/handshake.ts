import { connect as connectSocket, type Socket } from 'node:net'
import type { AuthMethod, ConnectConfig, ServerHostKeyAlgorithm } from 'ssh2'
import ssh2 from 'ssh2'
import { StillshotError } from '../../../src/errors.ts'
import type { HostAddress, HostKey } from '../../../src/guest/known-hosts.ts'
import { hostKeyFromBlob } from './host-key.ts'
import { SESSION_ALGORITHMS } from './session-algorithms.ts'
import { isAgentFault, openingError } from './ssh-errors.ts'

/** Unanswered keep-alive messages after which a connection counts as dead. */
const KEEP_ALIVE_MISSES = 3

export interface HandshakeSettings {
  readonly address: HostAddress
  /** How messages name the guest. */
  readonly guest: string
  readonly algorithms: readonly ServerHostKeyAlgorithm[]
  /** Called with every host key that the server shows; an error ends the connection before anything else is sent. */
  readonly judge: (key: HostKey) => StillshotError | undefined
  /** Without it the connection ends as soon as the server has proved that it holds its host key. */
  readonly login?: { readonly user: string; readonly methods: readonly AuthMethod[]; readonly keepAliveMs: number }
  /** Ends the attempt; its reason is the rejection. */
  readonly signal: AbortSignal
}

/** A connection whose host key was accepted. */
export interface Session {
  readonly client: ssh2.Client
  /** To end the connection at once: ssh2's own `destroy` does nothing once the server has closed its side. */
  readonly socket: Socket
  readonly hostKey: HostKey
}

/**
 * Connects, has the host key judged, and logs in. Resolves with the open connection (without `login`: with one that has
 * ended) and the host key. The user's name goes out only after the key was judged and its signature verified.
 */
export async function shakeHands(settings: HandshakeSettings): Promise<Session> {
  const { guest, signal, login } = settings
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<HostKey>()
  const client = new ssh2.Client()
  // Our own socket, because ssh2 would leave Nagle's algorithm on until the login is done.
  const socket = connectSocket({ ...settings.address, noDelay: true })
  let hostKey: HostKey | undefined
  let refusal: StillshotError | undefined
  let proven = false
  let agentFault: Error | undefined

  const onFault = (fault?: Error) => {
    if (fault !== undefined && isAgentFault(fault)) agentFault = fault
    else reject(refusal ?? openingError(fault, { guest, login: proven, ...(agentFault && { agentFault }) }))
  }
  const onClose = () => onFault()
  const onAbort = () => reject(signal.reason)
  client.on('error', onFault).once('close', onClose)
  client.once('handshake', () => {
    proven = true
    if (login !== undefined || hostKey === undefined) return
    resolve(hostKey)
    client.end()
  })
  client.once('ready', () => hostKey !== undefined && resolve(hostKey))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    client.connect(
      connectConfig(settings, socket, (key) => {
        hostKey = key
        refusal =
          key === undefined
            ? new StillshotError('guest-unreachable', `${guest} shows no readable host key`)
            : settings.judge(key)
        return refusal === undefined
      }),
    )
    return { client, socket, hostKey: await promise }
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    client
      .on('error', () => {})
      .off('error', onFault)
      .off('close', onClose)
  }
}

function connectConfig(
  settings: HandshakeSettings,
  sock: Socket,
  accept: (key: HostKey | undefined) => boolean,
): ConnectConfig {
  const { algorithms, login } = settings
  return {
    sock,
    username: login?.user ?? '',
    authHandler: [...(login?.methods ?? [])],
    algorithms: { ...SESSION_ALGORITHMS, serverHostKey: [...algorithms] },
    hostVerifier: (blob: Buffer) => accept(hostKeyFromBlob(blob)),
    readyTimeout: 0,
    ...(login !== undefined && { keepaliveInterval: login.keepAliveMs, keepaliveCountMax: KEEP_ALIVE_MISSES }),
  }
}
