import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A tree with a server's packages unpacked in it (`dpkg -x`), entered with chroot; `/` for the machine itself. */
export interface ServerTree {
  readonly root: string
  /** Path inside the tree: /usr/sbin/mariadbd, /usr/sbin/mysqld. */
  readonly server: string
  readonly client: string
}

/** Paths as the server knows them, and as the recordings name them. */
export const DATA = '/var/lib/mysql'
export const SOCKET = '/run/mysqld/mysqld.sock'
export const PID_FILE = '/run/mysqld/mysqld.pid'
export const ERROR_LOG = '/var/log/mysql-error.log'

const OPTIONS = [
  '--no-defaults',
  `--datadir=${DATA}`,
  `--socket=${SOCKET}`,
  `--pid-file=${PID_FILE}`,
  `--log-error=${ERROR_LOG}`,
  '--skip-networking',
  '--user=mysql',
  '--innodb-buffer-pool-size=16M',
]

const MYSQL_OPTIONS = ['--innodb-redo-log-capacity=8M', '--secure-file-priv=NULL', '--mysqlx=OFF']

/** One server on a scratch data directory; everything is under {@link ServerTree}.root. */
export class RecordedServer {
  readonly #tree: ServerTree
  readonly #isMariadb: boolean
  #child: ChildProcess | undefined

  constructor(tree: ServerTree) {
    this.#tree = tree
    this.#isMariadb = this.version().includes('MariaDB')
  }

  get isMariadb(): boolean {
    return this.#isMariadb
  }

  /** A path of the server as this process sees it. */
  outside(path: string): string {
    return join(this.#tree.root, path)
  }

  version(): string {
    return this.#enter([this.#tree.server, '--no-defaults', '--version']).trim()
  }

  /** Makes an empty data directory, once; later scenarios start from a copy. */
  reset(): void {
    const template = this.outside(`${DATA}-template`)
    if (!existsSync(template)) {
      this.#empty()
      this.#initialise()
      cpSync(this.outside(DATA), template, { recursive: true, preserveTimestamps: true })
    }
    this.#empty()
    cpSync(template, this.outside(DATA), { recursive: true, preserveTimestamps: true })
    execFileSync('chown', ['-R', '999:999', this.outside(DATA)])
  }

  #empty(): void {
    for (const path of [DATA, '/run/mysqld', ERROR_LOG]) rmSync(this.outside(path), { recursive: true, force: true })
    for (const path of [DATA, '/run/mysqld']) mkdirSync(this.outside(path), { recursive: true })
    writeFileSync(this.outside(ERROR_LOG), '')
    execFileSync('chown', ['-R', '999:999', ...[DATA, '/run/mysqld', ERROR_LOG].map((path) => this.outside(path))])
  }

  #initialise(): void {
    if (!this.#isMariadb) {
      this.#enter([this.#tree.server, ...OPTIONS, ...MYSQL_OPTIONS, '--initialize-insecure'])
      return
    }
    const sql = ['system_tables.sql', 'performance_tables.sql', 'system_tables_data.sql']
      .flatMap((name) => ['mysql/mysql', 'mariadb/mariadb'].map((start) => this.outside(`/usr/share/${start}_${name}`)))
      .filter((path) => existsSync(path))
      .map((path) => readFileSync(path, 'utf8'))
    const argv = [this.#tree.root, this.#tree.server, ...OPTIONS, '--bootstrap', '--innodb-log-file-size=8M']
    const input = `create database mysql;\nset @auth_root_socket='root';\nuse mysql;\n${sql.join('\n')}`
    execFileSync('chroot', argv, { input, stdio: ['pipe', 'ignore', 'ignore'] })
  }

  /** Starts the server and waits until it answers. */
  async start(extra: readonly string[] = []): Promise<void> {
    const redo = this.#isMariadb ? ['--innodb-log-file-size=8M'] : MYSQL_OPTIONS
    const argv = [this.#tree.root, this.#tree.server, ...OPTIONS, ...redo, ...extra]
    const child = spawn('chroot', argv, { stdio: 'ignore' })
    this.#child = child
    for (let tries = 0; tries < 600; tries++) {
      if (child.exitCode !== null)
        throw new Error(`the server ended: ${readFileSync(this.outside(ERROR_LOG), 'latin1')}`)
      if (existsSync(this.outside(SOCKET)) && this.#try('SELECT 1')) return
      await sleep(100)
    }
    throw new Error('the server does not answer')
  }

  #client(sql: string): string[] {
    return [
      this.#tree.root,
      this.#tree.client,
      '--no-defaults',
      '--user=root',
      `--socket=${SOCKET}`,
      '--batch',
      '-e',
      sql,
    ]
  }

  #try(sql: string): boolean {
    return spawnSync('chroot', this.#client(sql), { stdio: 'ignore' }).status === 0
  }

  /** Sends statements without waiting; resolves when the client ended, as it does when the server goes away. */
  async flood(sql: string): Promise<void> {
    const argv = [this.#tree.root, this.#tree.client, '--no-defaults', '--user=root', `--socket=${SOCKET}`, '--batch']
    const client = spawn('chroot', argv, { stdio: ['pipe', 'ignore', 'ignore'] })
    client.stdin.on('error', () => {})
    client.stdin.end(sql)
    await once(client, 'exit')
  }

  /** Output of the client: tab-separated, a heading first. */
  query(sql: string): string {
    return execFileSync('chroot', this.#client(sql), { encoding: 'utf8' })
  }

  /** Name and value of `SHOW GLOBAL VARIABLES` or `STATUS`. */
  map(sql: string): Record<string, string> {
    const rows = this.query(sql)
      .split('\n')
      .slice(1)
      .filter((line) => line !== '')
    return Object.fromEntries(rows.map((line) => line.split('\t') as [string, string]))
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
    this.#child = undefined
  }

  #enter(argv: readonly string[]): string {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore']
    return execFileSync('chroot', [this.#tree.root, ...argv], { encoding: 'utf8', stdio })
  }
}
