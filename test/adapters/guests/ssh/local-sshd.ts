import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { GuestTarget } from '../../../../src/guest/guest-shell.ts'
import { until } from '../../../conformance/guest-shell-subject.ts'

/** A real sshd on 127.0.0.1 with keys and configuration of its own, in a folder that goes when it stops. */
export interface LocalSshd {
  readonly folder: string
  readonly target: GuestTarget
  /** The name of this server in known_hosts. */
  readonly name: string
  /** A client key that is authorized. */
  readonly clientKey: string
  /** `type base64` of the key pair of that name; host keys are `host_TYPE`. */
  publicKey(name: string): string
  /** Makes a key pair and returns the private key's path. */
  makeKey(name: string, options?: KeyOptions): string
  authorize(keyPath: string): void
  /** Writes a file into the folder, mode 0600, and returns its path. */
  write(name: string, text: string, mode?: number): string
  /** Everything that sshd has logged, at its DEBUG level. */
  log(): string
  /** Process ids of the connections that sshd serves now. */
  sessions(): number[]
  stop(): Promise<void>
}

export type HostKeyType = 'ed25519' | 'ecdsa' | 'rsa'
export interface KeyOptions {
  readonly type?: HostKeyType
  readonly passphrase?: string
  readonly format?: 'PEM'
}

export async function startSshd(hostKeyTypes: readonly HostKeyType[] = ['ed25519']): Promise<LocalSshd> {
  const folder = mkdtempSync(join(tmpdir(), 'local-sshd-'))
  const port = await freePort()
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const makeKey = keyMaker(folder)
  const authorizedKeys = join(folder, 'authorized_keys')
  const authorize = (keyPath: string) => appendFileSync(authorizedKeys, readFileSync(`${keyPath}.pub`))
  const hostKeys = hostKeyTypes.map((type) => makeKey(`host_${type}`, { type }))
  const clientKey = makeKey('client')
  authorize(clientKey)
  const config = join(folder, 'sshd_config')
  writeFileSync(config, configText({ home: folder, port, hostKeys, authorizedKeys }))
  const logPath = join(folder, 'log')
  const server = spawn('/usr/sbin/sshd', ['-D', '-f', config, '-E', logPath], { stdio: 'inherit' })
  await until(() => answers(port))

  return {
    folder,
    target: { vm: 'db1', host: '127.0.0.1', port, user: userInfo().username },
    name: `[127.0.0.1]:${port}`,
    clientKey,
    makeKey,
    authorize,
    publicKey: (name) =>
      readFileSync(join(folder, `${name}.pub`), 'utf8')
        .split(' ')
        .slice(0, 2)
        .join(' '),
    write: (name, text, mode = 0o600) => {
      const path = join(folder, name)
      writeFileSync(path, text, { mode })
      return path
    },
    log: () => readFileSync(logPath, 'utf8'),
    sessions: () => childrenOf(server.pid ?? 0),
    stop: () => stop(server, folder),
  }
}

function keyMaker(folder: string) {
  return (name: string, { type = 'ed25519', passphrase = '', format }: KeyOptions = {}) => {
    const path = join(folder, name)
    const form = format === undefined ? [] : ['-m', format]
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', name, '-f', path, ...form])
    return path
  }
}

function configText(settings: {
  home: string
  port: number
  hostKeys: readonly string[]
  authorizedKeys: string
}): string {
  return [
    'ListenAddress 127.0.0.1',
    `Port ${settings.port}`,
    ...settings.hostKeys.map((path) => `HostKey ${path}`),
    `AuthorizedKeysFile ${settings.authorizedKeys}`,
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'MaxStartups 100',
    // The start files of the user who runs the tests have no say here.
    `SetEnv HOME=${settings.home}`,
    'LogLevel DEBUG',
    '',
  ].join('\n')
}

async function stop(server: ChildProcess, folder: string): Promise<void> {
  const ended = new Promise((resolve) => server.once('exit', resolve))
  for (const pid of childrenOf(server.pid ?? 0)) process.kill(pid, 'SIGKILL')
  server.kill('SIGKILL')
  await ended
  rmSync(folder, { recursive: true })
}

/** sshd forks one process a connection (two, once logged in as another user: the second is a child of the first). */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('data', () => resolve(true)).once('error', () => resolve(false))
    })
  } finally {
    socket.destroy()
  }
}
