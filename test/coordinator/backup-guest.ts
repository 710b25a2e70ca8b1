import { FakeShells } from '../../adapters/guests/fake/fake-shells.ts'
import { MemoryRepository } from '../../adapters/repositories/fake/memory-repository.ts'
import { NodeClock } from '../../adapters/system/node-clock.ts'
import type { Ports, VmSettings } from '../../src/coordinator/ports.ts'
import { recoverRuns } from '../../src/coordinator/recover-runs.ts'
import type { CommandResult } from '../../src/guest/guest-shell.ts'
import type { HalfRestored, InventoryAnswer } from '../../src/guest/protocol/answers.ts'
import type { Clock } from '../../src/system/clock.ts'
import { envelope } from '../world/guest-documents.ts'
import { makeWorld } from '../world/world.ts'

const HEAD = "-- MariaDB dump\n-- CHANGE MASTER TO MASTER_LOG_FILE='bin.000001', MASTER_LOG_POS=345;\n"
export const DUMP = `${HEAD}CREATE DATABASE /*!32312 IF NOT EXISTS*/ \`shop\`;\n\nUSE \`shop\`;\nINSERT INTO t VALUES (1);\n-- Dump completed on 2026-11-27\n`

/** A tar with nothing in it. */
export const TAR = '\0'.repeat(1024)

/** A guest whose helper streams, as far as a backup and its restore see it. */
export function makeBackupWorld(change: Partial<VmSettings> = {}) {
  const world = makeWorld({
    backup: { repository: 'nas', allowed: ['backup', 'restore'] },
    ...change,
  })
  const repository = new MemoryRepository('nas')
  /** What the server holds, as the SQL that was loaded last; undefined when it was dropped. */
  const server = {
    content: 'old' as string | undefined,
    loads: [] as string[],
    /** What followed the profile in each call: run, way, hold. */
    claims: [] as (readonly string[])[],
    /** As the guest's own mark: which load is not whole yet. */
    half: null as HalfRestored | null,
    refuse: (_way: string | undefined, _nth: number): CommandResult | undefined => undefined,
  }
  const says: Record<string, CommandResult | Promise<CommandResult> | undefined> = {}
  const asked: string[] = []
  const facts: Partial<InventoryAnswer> = {}
  const done = (stdout: string): CommandResult => ({ exitStatus: 0, stdout, stderr: '' })
  const head = (verb: string, hold: string) => envelope(verb, hold, { ...world.guest.facts, bootId: 'boot-1' }, 1000)
  const answers: Record<string, (stdin: string, argv: readonly string[]) => CommandResult> = {
    inventory: () => done(JSON.stringify({ ...inventoryOf(world), half: server.half, ...facts })),
    dump: () => done(DUMP),
    users: () => done('CREATE USER x;\n-- Users completed\n'),
    packages: () => done('mariadb-server 10.11 amd64\n'),
    archive: () => done(TAR),
    load: (stdin, argv) => {
      server.claims.push(argv.slice(-3))
      const refusal = server.refuse(argv.at(-2), server.claims.length)
      if (refusal !== undefined) return refusal
      server.content = stdin
      server.loads.push(stdin)
      const [run = '', way = '', held] = argv.slice(-3)
      const databases = [...(stdin.split('\n\n')[0]?.matchAll(/^database=(.*)$/gm) ?? [])].map(([, name = '']) => name)
      const since = '2026-11-27T02:30:00Z'
      if (databases.length > 0) server.half = { run, since, held: held === 'held', databases, loaded: way }
      return done('stillshot-loaded\n')
    },
    whole: (_, argv) => {
      const [run = '', way] = argv.slice(-2)
      const known = server.half?.run === run
      const error = { code: 'still-half', message: 'it is half' }
      const loaded = way === 'forward' ? 'drop' : 'back'
      if (known && server.half?.loaded !== loaded)
        return done(JSON.stringify({ ...head('whole', run), ok: false, error }))
      if (known) server.half = null
      return done(JSON.stringify({ ...head('whole', run), known, started: false }))
    },
    renew: (_, argv) => done(JSON.stringify({ ...head('renew', argv.at(-2) ?? ''), firesUptimeMs: 1 })),
  }
  const program = async (argv: readonly string[], stdin: string): Promise<CommandResult> => {
    const verb = argv[argv.indexOf('/usr/local/sbin/stillshot-guest') + 1] ?? ''
    asked.push(verb)
    if (verb === 'status' && says.status === undefined) {
      const { stdout, ...result } = await world.guest.program(argv)
      return { ...result, stdout: JSON.stringify({ ...JSON.parse(stdout), half: server.half }) }
    }
    return says[verb] ?? answers[verb]?.(stdin, argv) ?? world.guest.program(argv)
  }
  const clock = shortSighted(new NodeClock())
  const shells = new FakeShells({ clock, program })
  const system = { ...world.system, clock }
  const ports: Ports = { ...world.ports, system, shells, repositories: { open: async () => repository } }
  const controller = new AbortController()
  const { signal } = controller
  return {
    ...world,
    ...{ repository, server, says, answers, asked, facts, ports, controller, signal },
    recover: () => {
      world.system.processes.restart()
      return recoverRuns(async () => ({ ports, settings: world.settings }), ports, { signal })
    },
  }
}

/** Packing takes real time, which a virtual clock would jump over; short waits are not worth it in a test. */
function shortSighted(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: (ms, signal) => clock.sleep(ms < 5_000 ? 0 : ms, signal),
    deadline: (ms, signal) => clock.deadline(ms, signal),
  }
}

function inventoryOf({ guest }: ReturnType<typeof makeWorld>): InventoryAnswer {
  return {
    ...{ version: 1, protocol: 1, helper: '0.1.0', sha256: guest.facts.sha256, verb: 'inventory', hold: '', ok: true },
    ...{ error: null, bootId: 'boot-1', uuid: guest.facts.uuid, uptimeMs: 1000 },
    serverSilent: null,
    variables: { version: '10.11.19-MariaDB', version_comment: 'Debian 12' },
    ...{ dumpProgram: '/usr/bin/mariadb-dump', dumpVersion: 'mariadb-dump 10.19' },
    databases: [{ name: 'shop', tables: 1, sizeBytes: 100 }],
    ...{
      loose: [],
      odd: [],
      files: ['/var/www/html'],
      configuration: ['/etc/mysql'],
      links: [],
      gnuTar: true,
      packages: true,
    },
    restoreAllowed: true,
  }
}
