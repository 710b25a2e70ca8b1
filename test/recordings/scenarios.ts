import { setTimeout as sleep } from 'node:timers/promises'
import type { LogFacts, StopFacts } from '../../src/guest/protocol/answers.ts'
import { collectLog, collectStopFacts, logSize } from './collect-facts.ts'
import type { RecordedServer } from './server-process.ts'

/** What one file of a recording holds. */
export interface Recording {
  readonly version: 1
  readonly recordedAt: string
  readonly server: { readonly family: 'mariadb' | 'mysql'; readonly version: string }
  readonly scenario: string
  /** True when the server ended by itself, completely: such facts must be proven, all others must not. */
  readonly clean: boolean
  /** True when the start after it repaired something: InnoDB, Aria or the binary log. */
  readonly recovered: boolean
  readonly variables: Readonly<Record<string, string>>
  readonly stop: StopFacts
  /** The log of the start that followed, up to the first answer. */
  readonly startLog: LogFacts
}

export interface Scenario {
  readonly name: string
  readonly clean: boolean
  readonly recovered: boolean
  /** Servers that have no such case are left out. */
  readonly only?: 'mariadb' | 'mysql'
  readonly options?: readonly string[]
  /** Works on the running server and ends it; leaving it running is a scenario too. */
  readonly act: (server: RecordedServer) => Promise<void>
}

const TABLES = `CREATE DATABASE lab; USE lab;
CREATE TABLE t (n INT PRIMARY KEY AUTO_INCREMENT, filler VARCHAR(200)) ENGINE=InnoDB;
CREATE TABLE m (n INT PRIMARY KEY AUTO_INCREMENT, filler VARCHAR(200)) ENGINE=MyISAM;`
const ARIA = `CREATE TABLE lab.a (n INT PRIMARY KEY AUTO_INCREMENT, filler VARCHAR(200)) ENGINE=Aria TRANSACTIONAL=0;
CREATE TABLE lab.at (n INT PRIMARY KEY AUTO_INCREMENT, filler VARCHAR(200)) ENGINE=Aria TRANSACTIONAL=1;`

function insert(server: RecordedServer, rows: number): void {
  const tables = server.isMariadb ? ['t', 'm', 'a', 'at'] : ['t', 'm']
  const statement = tables.map((table) => `INSERT INTO lab.${table} (filler) VALUES (REPEAT('x', 200));`).join('')
  server.query(statement.repeat(rows))
}

/** Enough redo that an 8 MB log starts over several times. */
function wrap(server: RecordedServer): void {
  for (let round = 0; round < 9; round++) {
    server.query(
      'INSERT INTO lab.t (filler) SELECT filler FROM lab.t LIMIT 8000; UPDATE lab.t SET filler = REVERSE(CONCAT(filler, n)) WHERE n % 3 = 0 AND LENGTH(filler) < 190;',
    )
    server.query(`UPDATE lab.t SET filler = REPEAT('${round}', 180);`)
  }
}

function dirtyPages(server: RecordedServer): number {
  return Number(
    server.map("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'")['Innodb_buffer_pool_pages_dirty'],
  )
}

/** Ends the server while a client commits rows one by one. */
async function terminateUnderLoad(server: RecordedServer): Promise<void> {
  const tables = server.isMariadb ? ['t', 'm', 'a', 'at'] : ['t', 'm']
  const round = tables.map((table) => `INSERT INTO lab.${table} (filler) VALUES (REPEAT('x', 200));\n`).join('')
  const flood = server.flood(round.repeat(20_000))
  await sleep(700)
  await server.end('SIGTERM')
  await flood
}

/** A server that is killed while it stops, as a system does that lost its patience. */
async function killWhileStopping(server: RecordedServer): Promise<void> {
  wrap(server)
  const from = logSize(server)
  const said = () => Buffer.from(collectLog(server, from).textBase64, 'base64').toString()
  const ended = server.end('SIGTERM')
  while (!/Normal shutdown|Received SHUTDOWN/.test(said())) await sleep(1)
  await Promise.all([ended, server.end('SIGKILL')])
  if (said().includes('Shutdown complete')) throw new Error('the server was faster: try again')
}

const terminate = (shutdown: number, before?: (server: RecordedServer) => void) => async (server: RecordedServer) => {
  before?.(server)
  server.query(`SET GLOBAL innodb_fast_shutdown = ${shutdown}`)
  await server.end('SIGTERM')
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'clean-fast-shutdown-0', clean: true, recovered: false, act: terminate(0) },
  { name: 'clean-fast-shutdown-1', clean: true, recovered: false, act: terminate(1) },
  { name: 'clean-wrapped', clean: true, recovered: false, act: terminate(1, wrap) },
  { name: 'clean-under-load', clean: true, recovered: false, act: terminateUnderLoad },
  { name: 'killed-while-stopping', clean: false, recovered: true, act: killWhileStopping },
  { name: 'fast-shutdown-2', clean: false, recovered: true, act: terminate(2) },
  { name: 'fast-shutdown-2-wrapped', clean: false, recovered: true, act: terminate(2, wrap) },
  {
    name: 'killed-after-commits',
    clean: false,
    recovered: true,
    act: async (server) => {
      insert(server, 3)
      await server.end('SIGKILL')
    },
  },
  {
    name: 'killed-wrapped',
    clean: false,
    recovered: true,
    act: async (server) => {
      wrap(server)
      insert(server, 3)
      await server.end('SIGKILL')
    },
  },
  {
    name: 'killed-idle',
    clean: false,
    recovered: true,
    act: async (server) => {
      if (server.isMariadb)
        server.query('SET GLOBAL innodb_max_dirty_pages_pct_lwm = 0, GLOBAL innodb_max_dirty_pages_pct = 0')
      for (let tries = 0; tries < 300 && dirtyPages(server) > 0; tries++) await sleep(100)
      await sleep(2000)
      await server.end('SIGKILL')
    },
  },
  { name: 'clean-fast-shutdown-3', only: 'mariadb', clean: true, recovered: false, act: terminate(3) },
  {
    name: 'clean-verbose',
    only: 'mysql',
    clean: true,
    recovered: false,
    options: ['--log-error-verbosity=3'],
    act: terminate(1),
  },
  {
    name: 'killed-verbose',
    only: 'mysql',
    clean: false,
    recovered: true,
    options: ['--log-error-verbosity=3'],
    act: async (server) => {
      insert(server, 3)
      await server.end('SIGKILL')
    },
  },
  {
    name: 'fast-shutdown-2-verbose',
    only: 'mysql',
    clean: false,
    recovered: true,
    options: ['--log-error-verbosity=3'],
    act: terminate(2),
  },
  { name: 'still-running', clean: false, recovered: true, act: async (server) => insert(server, 3) },
]

/** Runs one scenario from an empty data directory: facts after it, then a start and its log. */
export async function recordScenario(
  server: RecordedServer,
  scenario: Scenario,
): Promise<Omit<Recording, 'recordedAt'>> {
  server.reset()
  await server.start(scenario.options)
  server.query(TABLES)
  if (server.isMariadb) server.query(ARIA)
  insert(server, 50)
  const variables = server.map(`SHOW GLOBAL VARIABLES WHERE variable_name IN ('version','innodb_log_file_size',
    'innodb_redo_log_capacity','log_error_verbosity','log_warnings')`)
  const logFrom = logSize(server)
  const pidBefore = server.pid ?? null
  await scenario.act(server)
  const stop = collectStopFacts(server, pidBefore, logFrom)
  await server.end('SIGKILL')
  const startFrom = logSize(server)
  await server.start(scenario.options)
  server.query('SELECT COUNT(*) FROM lab.t; CHECK TABLE lab.m')
  const startLog = collectLog(server, startFrom)
  await server.end('SIGTERM')
  return {
    version: 1,
    server: { family: server.isMariadb ? 'mariadb' : 'mysql', version: variables['version'] ?? server.version() },
    scenario: scenario.name,
    clean: scenario.clean,
    recovered: scenario.recovered,
    variables,
    stop,
    startLog,
  }
}
