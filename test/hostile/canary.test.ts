import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { RunFault } from '../../adapters/guests/fake/fake-shell.ts'
import { FakeShells } from '../../adapters/guests/fake/fake-shells.ts'
import type { FakeFault } from '../../adapters/hypervisors/fake/fake-faults.ts'
import { WinstonLog } from '../../adapters/log/winston-log.ts'
import { FakeHost } from '../../adapters/system/fake/fake-host.ts'
import { secretReader } from '../../src/config/secrets.ts'
import { checkVm } from '../../src/coordinator/check-vm.ts'
import { holdVm } from '../../src/coordinator/hold.ts'
import { recoverRuns } from '../../src/coordinator/recover-runs.ts'
import { releaseHold } from '../../src/coordinator/release-hold.ts'
import { restoreSnapshot } from '../../src/coordinator/restore-snapshot.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import { StillshotError } from '../../src/errors.ts'
import type { CommandResult } from '../../src/guest/guest-shell.ts'
import { Redaction } from '../../src/log/redaction.ts'
import { makeWorld } from '../world/world.ts'
import { ECHOES } from './echoing-guest.ts'
import { assertFromTable } from './table-error.ts'

const CANARIES = [
  'c4n4ry-of-the-database',
  `c4n4ry/with+signs"and=more\\'$(x)`,
  'c4n4rÿ ünd möre 🐦',

  'c4n4r?>?>~~~ÿÿÿ',
]

interface Trouble {
  readonly canary: string
  readonly reference: 'env' | 'file' | 'exec'
  readonly echo: { readonly name: string; readonly verb: string; readonly times: number }
  readonly network: readonly (RunFault & { readonly at: number })[]
  readonly hypervisor: readonly Pick<FakeFault, 'call' | 'kind'>[]
  /** From this operation on nothing more can be written. */
  readonly diskFullAt: number
}

const VERBS = ['probe', 'drain', 'hold', 'release', 'come-back', 'status', 'undrain']
const trouble: fc.Arbitrary<Trouble> = fc.record({
  canary: fc.constantFrom(...CANARIES),
  reference: fc.constantFrom('env', 'file', 'exec'),
  echo: fc.record({
    name: fc.constantFrom(...Object.keys(ECHOES)),
    verb: fc.constantFrom('hold', 'release', 'come-back', ...VERBS),
    times: fc.constantFrom(1, 3, 1_000_000),
  }),
  network: fc.array(
    fc.record({
      at: fc.nat(8),
      lose: fc.constantFrom('request', 'answer'),
      delayMs: fc.constantFrom(0, 0, 5_000, 100_000),
    }),
    { maxLength: 2 },
  ),
  hypervisor: fc.array(
    fc.record({
      call: fc.constantFrom(
        'createSnapshot',
        'describeSnapshot',
        'listSnapshots',
        'findVm',
        'rollBack',
        'checkSnapshot',
      ),
      kind: fc.constantFrom('fail', 'lose-answer'),
    }),
    { maxLength: 2 },
  ),
  diskFullAt: fc.constantFrom(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 2, 5, 9, 14),
})

function canaryWorld(about: Trouble) {
  const stream = new PassThrough()
  const redaction = new Redaction()
  const log = new WinstonLog({ level: 'debug', redaction, stream, now: () => 'now' })
  const databasePassword = passwordReader(about, redaction)
  const world = makeWorld({ databasePassword, holdTtlMs: 15_000, drainMs: 1_000 })
  const argvs: string[] = []
  const sent: string[] = []
  let echoes = 0
  const program = async (argv: readonly string[], stdin: string): Promise<CommandResult> => {
    argvs.push(argv.join(' '))
    sent.push(stdin)
    const result = await world.guest.program(argv)
    const { name, verb, times } = about.echo
    if (!argv.includes(verb) || echoes >= times) return result
    echoes += 1
    return ECHOES[name]?.(result, about.canary) ?? result
  }
  let commands = 0
  const runFault = () => about.network.find(({ at }) => at === commands++)
  const shells = new FakeShells({ clock: world.clock, program, runFault })
  for (const fault of about.hypervisor) {
    const error = new StillshotError('hypervisor-refused', 'it said no')
    world.hypervisor.breakNext(fault.kind === 'fail' ? { ...fault, error } : fault)
  }
  let writes = 0
  world.system.files.setFault((operation) => {
    if (operation === 'append' && ++writes >= about.diskFullAt) throw new Error('ENOSPC: no space left on device')
  })
  const ports = { ...world.ports, shells, log }
  return { ...world, ports, argvs, sent, log, logged: () => String(stream.read() ?? '') }
}

function passwordReader({ canary, reference }: Trouble, redaction: Redaction): () => Promise<string> {
  const host = new FakeHost({
    files: { '/home/admin/pw': { text: `${canary}\n` } },
    variables: { DB_PASSWORD: canary },
    run: async () => ({ exitStatus: 0, stdout: `${canary}\n` }),
  })
  const options = { host, folder: '/home/admin', onFetched: (secret: string) => redaction.add(secret) }
  const references = { env: 'env:DB_PASSWORD', file: 'file:pw', exec: 'exec:vault read pw' }
  return secretReader(options, references[reference], 'vms.db1.database.password')
}

type CanaryWorld = ReturnType<typeof canaryWorld>

/** Every procedure, one after the other; what each said, as it would be handed to whoever prints it. */
async function everything({ ports, settings, catalog, system, clock }: CanaryWorld): Promise<string[]> {
  const { signal } = new AbortController()
  const said: string[] = []
  const attempt = async (work: () => Promise<unknown>) => {
    try {
      said.push(JSON.stringify(await work()))
    } catch (error) {
      if (error instanceof StillshotError && error.code !== 'undo-failed') assertFromTable(error)
      said.push(...errorTexts(error))
    }
  }
  const order = { safetySnapshot: true, dryRun: false, signal }
  await attempt(() => checkVm(ports, settings, { signal }))
  await attempt(() => takeSnapshot(ports, settings, { mode: 'stop', note: 'n', signal }))
  await attempt(async () => releaseHold(ports, settings, (await holdVm(ports, settings, { signal })).id, { signal }))
  await attempt(() => restoreSnapshot(ports, settings, order))
  await clock.sleep(20_000)
  for (const hold of await catalog.holds()) await attempt(() => releaseHold(ports, settings, hold.id, { signal }))
  system.processes.restart()
  await attempt(() => recoverRuns(async () => ({ ports, settings }), ports, { signal }))
  return said
}

function errorTexts(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)]
  const own = [error.message, error.stack ?? '', JSON.stringify(error)]
  const more = error instanceof StillshotError ? [error.hint, JSON.stringify(error.details)] : []
  return [...own, ...more, ...(error.cause === undefined ? [] : errorTexts(error.cause))]
}

/** Everything that is left when all is over. */
async function leftBehind(world: CanaryWorld, said: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const { system, catalog, hypervisor, phases, argvs, log, logged } = world
  system.files.setFault()
  const runs = await system.files.list('/state/runs')
  const journals = await Promise.all(runs.map((name) => system.files.readText(`/state/runs/${name}`)))
  const records = [await catalog.points(), await catalog.runs(), await catalog.holds(), await catalog.locks()]
  const snapshots = hypervisor.state('db1').snapshots.map(({ snapshot }) => snapshot)
  await log.close()
  return {
    log: logged(),
    journals: journals.join('\n'),
    catalog: JSON.stringify(records),
    snapshots: JSON.stringify(snapshots),
    progress: JSON.stringify(phases),
    'process list': argvs.join('\n'),
    errors: said.join('\n'),
  }
}

/** The secret in a text: as it is, or in one of the encodings that are promised to be found. */
function holds(text: string, secret: string): boolean {
  const bytes = Buffer.from(secret)
  const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), bytes.toString('hex')]
  // Also as the text of a JSON document inside another one.
  forms.push(JSON.stringify(JSON.stringify(secret)).slice(3, -3))
  if (forms.some((form) => text.includes(form))) return true
  return [...text.matchAll(/[A-Za-z0-9+/_-]{8,}/g)].some(([signs]) =>
    [0, 1, 2, 3].some((from) => Buffer.from(signs.slice(from), 'base64').includes(bytes)),
  )
}

/** True when the password was sent at all. */
async function assertNowhere(about: Trouble): Promise<boolean> {
  const world = canaryWorld(about)
  const said = await everything(world)
  const key = await world.system.files.readText('/state/description.key').catch(() => '')
  for (const [place, text] of Object.entries(await leftBehind(world, said))) {
    const { name, verb } = about.echo
    assert.equal(holds(text, about.canary), false, `${name} (${verb}), in ${place}: ${text.slice(0, 3000)}`)
    assert.equal(text.includes('c4n4r'), false, `${name} (${verb}), a part in ${place}`)
    assert.equal(key !== '' && text.includes(key.trim()), false, `the key of descriptions in ${place}`)
  }
  return world.sent.some((stdin) => stdin.includes(about.canary))
}

describe('a password that is sent to a guest', () => {
  test('is found where it stands: else nothing below says anything', () => {
    for (const canary of CANARIES) {
      for (const [name, echo] of Object.entries(ECHOES)) {
        const stdout = JSON.stringify({ dbms: { unit: {}, log: { textBase64: '' } } })
        const echoed = echo({ exitStatus: 0, stdout, stderr: '' }, canary)
        assert.ok(holds(echoed.stdout + echoed.stderr, canary), `${name}: ${echoed.stdout}`)
      }
    }
  })

  test('is in nothing that is printed, logged or kept when the guest says it back', async () => {
    const calm = { reference: 'file', network: [], hypervisor: [], diskFullAt: Number.POSITIVE_INFINITY } as const
    const [canary = ''] = CANARIES
    for (const name of Object.keys(ECHOES)) {
      for (const verb of ['probe', 'hold']) {
        await assertNowhere({ ...calm, canary, echo: { name, verb, times: 2 } })
      }
      for (const other of CANARIES) {
        await assertNowhere({ ...calm, canary: other, echo: { name, verb: 'release', times: 2 } })
      }
    }
  })

  test('nor when other things fail meanwhile', async () => {
    let sent = 0
    await fc.assert(
      fc.asyncProperty(trouble, async (about) => {
        if (await assertNowhere(about)) sent += 1
      }),
      { numRuns: 30 },
    )
    assert.ok(sent > 15, `the password was sent in ${sent} runs only`)
  })

  test('with a line break is not sent at all', async () => {
    for (const password of ['two\nlines', 'two\r', 'nul\u0000']) {
      const world = makeWorld({ databasePassword: async () => password })
      await assert.rejects(world.snapshot(), { code: 'secret-unreadable' })
      assert.deepEqual(world.guest.asked, [])
    }
  })
})
