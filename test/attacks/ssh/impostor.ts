import { generateKeyPairSync } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import ssh2, { type Algorithms, type ParsedKey } from 'ssh2'

/** An SSH server that is not the guest: what it was asked after the keys were exchanged. */
export interface Impostor {
  readonly port: number
  /** Ways to log in that were tried with it: none, when it was found out in time. */
  readonly tried: readonly string[]
  readonly commands: readonly string[]
  close(): Promise<void>
}

export interface ImpostorSettings {
  /** The `type base64` of a key whose private half it has not; by default it shows its own. */
  readonly shows?: string
  readonly algorithms?: Algorithms
  readonly hostKey?: string
}

/** Terminates SSH with a key of its own and accepts every login, as a man in the middle would to pass it on. */
export async function startImpostor(settings: ImpostorSettings = {}): Promise<Impostor> {
  const tried: string[] = []
  const commands: string[] = []
  const clients = new Set<ssh2.Connection>()
  const key = settings.hostKey ?? ownKey()
  const server = new ssh2.Server(
    {
      hostKeys: [settings.shows === undefined ? key : { key: pretend(key, settings.shows) as unknown as string }],
      ...(settings.algorithms !== undefined && { algorithms: settings.algorithms }),
    },
    (client) => {
      clients.add(client)
      client.on('error', () => {})
      client.on('authentication', (context) => {
        tried.push(context.method)
        context.accept()
      })
      client.on('session', (accept) =>
        accept().on('exec', (run, _refuse, { command }) => {
          commands.push(command)
          run().end()
        }),
      )
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    tried,
    commands,
    close: async () => {
      for (const client of clients) client.end()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** An RSA key, because every one of its signature forms, the weak one too, can then be offered. */
export function ownKey(): string {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    type: 'pkcs1',
    format: 'pem',
  }) as string
}

/** The impostor's private key under the guest's public one. */
function pretend(privateKey: string, shown: string): ParsedKey {
  const key = ssh2.utils.parseKey(privateKey)
  if (key instanceof Error) throw key
  const blob = Buffer.from(shown.split(' ')[1] ?? '', 'base64')
  return Object.assign(key, { getPublicSSH: () => blob })
}
