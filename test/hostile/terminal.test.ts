import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Command } from 'commander'
import fc from 'fast-check'
import { virtualSystem } from '../../adapters/system/fake/virtual-system.ts'
import { commandTree } from '../../src/cli/program.ts'
import { progressDisplay } from '../../src/cli/progress.ts'
import type { Phase } from '../../src/coordinator/ports.ts'
import { StillshotError } from '../../src/errors.ts'
import type { JournalEvent } from '../../src/saga/journal-event.ts'
import { type FakeAppOptions, run, someHold, somePoint } from '../cli/fake-app.ts'
import { assertHarmless, linesOf } from './harmless.ts'
import { backupOf, drillOf, dumpOf, pointOf } from './hostile-points.ts'
import { anyText } from './mutations.ts'
import { prunedReport } from './pruned-report.ts'
import { restoreProcedures, restorePrompts } from './restore-procedures.ts'

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\u001b[2J',
        '\u001b]0;title\u0007',
        '\u001b]52;c;cm0gLXJm\u0007',
        '\r',
        '\b\b\b',
        '\u009b31m',
        '\u0085',
      ),
      fc.constantFrom(
        '\u{e0041}',
        '\ufff9',
        '\u00ad',
        '\u202e',
        '\u2066',
        '\u200b',
        '\u2028',
        '\ufeff',
        '\u0000',
        '\u007f',
        '\ud800',
        'db1',
        '\t',
      ),
      anyText(6),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) => parts.join(''))

/** Words that go on, after what some reader takes for the end of a line, as a line of ours would. */
const forging = fc
  .array(fc.constantFrom('\n', '\r\n', '\r', '\n\n', '\u2028', '\u2029', '\u0085', '\v', '\f', '\n  ', '\n\t'), {
    minLength: 1,
    maxLength: 3,
  })
  .map((ends) => ['said', ...ends.map((end) => `${end}db1: restore point 01JDCCCCCCCCCCCCCCCCCCCCCC`)].join(''))

const HOLD = someHold()

function appWith(text: string): FakeAppOptions {
  const reason = { code: text, message: text }
  const finding = { severity: 'refuse', code: text, message: text, hint: text } as const
  const failed = new StillshotError('helper-failed', text, {
    hint: text,
    details: { run: text, report: { proofs: [] } },
  })
  const begun = { event: 'run-begun', version: 1, run: text, at: text, procedure: text, vm: text } as const
  const owner = { host: text, bootId: text, pid: 1, startTime: text }
  const events: readonly JournalEvent[] = [
    { ...begun, owner },
    { event: 'failed', at: text, step: text, code: text, message: text },
    { event: 'intent', at: text, step: text, undo: { action: text, args: {}, urgent: true, timeoutMs: 1 } },
  ]
  const pruned = prunedReport(text)
  return {
    points: [pointOf(text), somePoint({ id: '01JDCCCCCCCCCCCCCCCCCCCCCC' }), backupOf(text), dumpOf(text)],
    holds: [HOLD],
    byHand: text,
    listed: { kvm: [{ nativeId: text, name: text, tags: [text] }] },
    interactive: true,
    prompts: restorePrompts,
    knownHosts: {
      trust: async () => {},
      scan: async () => ({ type: text, base64: 'AAAA', fingerprint: text }),
      trusted: async () => [],
    },
    server: {
      answering: async () => ({ product: text, id: text }),
      known: async () => ({ product: 'vCenter', id: text }),
      accept: async () => {},
    },
    procedures: {
      takeSnapshot: async () => Promise.reject(failed),
      checkVm: async () => ({
        vm: text,
        ok: false,
        findings: [finding],
        coverage: [{ guest: text, disk: text, by: 'serial' }],
      }),
      ...restoreProcedures(text, pointOf(text), finding),
      runDrill: async () => ({
        ...{ version: 1, vm: text, run: text, point: pointOf(text), plan: [text] },
        ...{ drill: drillOf(text), findings: [{ verdict: 'contradicted', code: text, message: text }] },
      }),
      takeBackup: async () => dumpOf(text),
      restoreBackup: async () => ({
        ...{ version: 1, vm: text, point: dumpOf(text), plan: [text], findings: [finding] },
        ...{ safetyPoint: dumpOf(text), undoWith: text, beside: text },
      }),
      verifyBackup: async () => ({
        ...{ version: 1, vm: text, point: text, where: text, streams: [{ name: text, sizeBytes: 1, opened: false }] },
      }),
      checkBackup: async () => ({ vm: text, ok: false, findings: [finding], coverage: [] }),
      pruneBackups: async () => pruned,
      pruneVm: async () => pruned,
      recoverRuns: async () => ({
        version: 1,
        settled: [{ run: text, vm: text, procedure: text, outcome: 'undo-failed', open: [text], notes: [text] }],
        holds: [{ hold: text, vm: text, outcome: 'failed', message: text }],
        locks: [{ run: text, hold: text, outcome: 'kept', message: text }],
        snapshots: [{ run: text, vm: text, snapshot: text, outcome: 'removed', message: text }],
      }),
      holdVm: async () => someHold({ vm: text, profile: text }),
      releaseHold: async () => ({
        ...{ version: 1, hold: text, vm: text, state: 'expired', proofs: [] },
        ...{ grade: 'suspect', reasons: [{ code: text, message: text }] },
      }),
      installHelper: async () => Promise.reject(failed),
      installFreezeHook: async () => Promise.reject(failed),
      collectFreezes: async () => ({
        ...{ version: 1, vm: text },
        freezes: [{ id: text, outcome: 'point', message: text, grade: 'suspect', reasons: [reason] }],
      }),
      removeHelper: async () => ({ version: 1, vm: text, state: 'removed', path: text }),
      helperStatus: async () => ({ version: 1, vm: text, state: 'altered', sha256: text, path: text }),
      readJournal: async () => events,
    },
  }
}

/** Every command there is, so that a new one is thought of. */
const BY_COMMAND: Readonly<Record<string, readonly (readonly string[])[]>> = {
  list: [['list'], ['list', '--copies']],
  show: [
    ['show', '01JDAAAAAAAAAAAAAAAAAAAAAA'],
    ['show', '01JDEEEEEEEEEEEEEEEEEEEEEE'],
  ],
  check: [
    ['check', 'db1'],
    ['check', '--policy', 'all'],
  ],
  snapshot: [
    ['snapshot', 'db1'],
    ['snapshot', '--verbose', 'db1'],
  ],
  backup: [
    ['backup', 'db1'],
    ['backup', 'db1', '--dry-run'],
    ['backup', 'db1', '--only', 'files'],
  ],
  restore: [
    ['restore', 'db1'],
    ['restore', 'db1', '--wait'],
    ['restore', 'db1', '--undo', '--wait'],
    ['restore', 'db1', '--dry-run'],
    ['restore', 'db1', '--yes'],
    ['restore', 'db1', '--as', 'rescue'],
    ['restore', 'db1', '--as', 'rescue', '--dry-run'],
    ['restore', 'db1', '--remove-copy', 'rescue'],
    ['restore', 'db1', '--remove-copy', 'rescue', '--yes'],
    ['restore', 'db1', '--from', 'backup', '--dry-run'],
    ['restore', 'db1', '--from', 'backup', '--yes'],
  ],
  drill: [['drill', 'db1']],
  verify: [['verify', '01JDEEEEEEEEEEEEEEEEEEEEEE']],
  prune: [
    ['prune', 'db1', '--dry-run'],
    ['prune', 'db1', '--yes'],
    ['prune', 'db1', '--backups', '--yes'],
  ],
  runbook: [['runbook', 'db1']],
  'catalog rebuild': [['catalog', 'rebuild', 'db1']],
  'hook vzdump': [['hook', 'vzdump', 'backup-start', 'snapshot', '100']],
  'hook gate': [['hook', 'gate', 'kvm']],
  'hook install': [['hook', 'install', 'kvm', 'script']],
  'hook test': [['hook', 'test', 'db1']],
  hold: [['hold', 'db1']],
  release: [['release', HOLD.id]],
  recover: [['recover']],
  'guest install': [['guest', 'install', 'db1']],
  'guest collect': [['guest', 'collect', 'db1']],
  'guest status': [['guest', 'status', 'db1']],
  'guest remove': [['guest', 'remove', 'db1']],
  trust: [
    ['trust', 'db1'],
    ['trust', 'db1', '--yes'],
  ],
  'trust-server': [
    ['trust-server', 'kvm'],
    ['trust-server', 'kvm', '--yes', '--replace'],
  ],
  init: [['init', '--vm', 'db1', '--host', 'h']],
  'config validate': [['config', 'validate']],
  'config show': [['config', 'show']],
  'config schema': [['config', 'schema']],
  completion: [['completion', 'bash']],
  'complete-vms': [['complete-vms']],
}
const COMMANDS = Object.values(BY_COMMAND).flat()

function leaves(command: Command, path: readonly string[] = []): string[] {
  if (command.commands.length === 0) return [path.join(' ')]
  return command.commands.flatMap((each) => leaves(each, [...path, each.name()]))
}

describe('words of guests, hypervisors and the catalog on a terminal', () => {
  test('steer nothing, whatever command prints them', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, fc.constantFrom(...COMMANDS), async (text, argv) => {
        assertHarmless(argv.join(' '), await run(argv, appWith(text)))
      }),
      { numRuns: 200 },
    )
  })

  test('forge no line, whatever command prints them', async () => {
    for (const argv of COMMANDS) {
      const harmless = linesOf(await run(argv, appWith('said')))
      await fc.assert(
        fc.asyncProperty(forging, async (text) => {
          const ran = await run(argv, appWith(text))
          assertHarmless(argv.join(' '), ran)
          assert.equal(linesOf(ran), harmless, `${argv.join(' ')}: ${ran.out}${ran.err}`)
        }),
        { numRuns: 3 },
      )
    }
  })

  test('are looked for in every command there is', () => {
    assert.deepEqual(leaves(commandTree('1')).toSorted(), Object.keys(BY_COMMAND).toSorted())
  })

  test('steer nothing as JSON either, and are whole when it is read', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, fc.constantFrom(...COMMANDS), async (text, argv) => {
        const ran = await run([...argv, '--json'], appWith(text))
        assertHarmless(argv.join(' '), ran)
        const document = JSON.parse(ran.out) as { points?: { note: string | null }[]; copies?: { name: string }[] }
        if (argv[0] !== 'list') return
        const said = argv.includes('--copies')
          ? document.copies?.map(({ name }) => name)
          : document.points?.map(({ note }) => note)
        assert.ok(said?.includes(text), ran.out)
      }),
      { numRuns: 150 },
    )
  })

  test('steer nothing in an argument that is said back', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, fc.constantFrom('show', 'snapshot', 'restore', 'config'), async (text, verb) => {
        assertHarmless(verb, await run([verb, '--', text]))
        assertHarmless(text, await run([text]))
        assertHarmless('--mode', await run(['snapshot', 'db1', '--mode', text]))
        assertHarmless('--config', await run(['--config', text, 'list']))
      }),
      { numRuns: 60 },
    )
  })

  test('steer nothing in the progress, which itself does no more than begin its line anew', async () => {
    const phases: readonly Phase[] = ['hold', 'recover']
    await fc.assert(
      fc.asyncProperty(hostile, fc.constantFrom(...phases), fc.boolean(), async (text, phase, interactive) => {
        let err = ''
        const say = (said: string) => {
          err += said
        }
        const terminal = { out: () => {}, err: say, interactive, columns: 200 }
        const display = progressDisplay(terminal, virtualSystem().clock, { quiet: false })
        display.phase({ vm: text, phase, state: 'begun', detail: text })
        display.phase({ vm: text, phase, state: 'failed', detail: `${text}\nforged`, elapsedMs: 1 })
        await display.close()
        const shown = err.replaceAll('\r\u001b[K', '')
        assertHarmless('progress', { out: '', err: shown })
        assert.doesNotMatch(shown, /^\s*forged/m)
      }),
      { numRuns: 60 },
    )
  })
})
