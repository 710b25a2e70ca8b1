import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { StillshotError } from '../../src/errors.ts'
import { run, somePoint } from './fake-app.ts'

/** [command line, exit status, code, what the message says]; nothing may be opened. */
const BAD: readonly (readonly [string, number, string, RegExp])[] = [
  ['', 13, 'usage', /no command given/],
  ['snapsot db1', 13, 'usage', /unknown command snapsot; did you mean snapshot\?/],
  ['banana', 13, 'usage', /unknown command banana/],
  ['snapshot', 13, 'usage', /missing required argument 'vm'/],
  ['snapshot --moed stop db1', 13, 'usage', /unknown option '--moed'.*--mode/],
  ['snapshot db1 --mode warm', 13, 'usage', /mode warm is not known/],
  ['snapshot db1 db1', 13, 'usage', /db1 is named twice/],
  ['list --quiet --verbose', 13, 'usage', /exclude each other/],
  ['config nonsense', 13, 'usage', /unknown command/],
  ['completion fish', 13, 'usage', /bash and zsh/],
  ['release', 13, 'usage', /missing required argument 'hold'/],
  ['recover db1', 13, 'usage', /too many arguments|argument/],
  ['restore db1', 13, 'usage', /restore of db1 needs --yes/],
  ['init --host h', 13, 'usage', /init needs --vm/],
  [
    'snapshot db9',
    14,
    'vm-not-configured',
    /VM db9 is not under vms: in \/home\/admin\/stillshot\.yaml; did you mean db1\?/,
  ],
  ['snapshot constructor', 14, 'vm-not-configured', /constructor/],
  ['snapshot db1 --mode lock', 15, 'not-supported', /mode lock of VM db1/],
  ['snapshot locked', 15, 'not-supported', /mode lock of VM locked/],
  ['snapshot db1 db2 --together', 15, 'not-supported', /--together/],
  ['restore db1 --from tape', 13, 'usage', /--from tape/],
  ['restore db1 --from backup', 13, 'usage', /needs --yes/],
  ['restore db1 --from backup --path /srv/ --yes', 13, 'usage', /without a slash/],
  ['backup db1 --only tables', 13, 'usage', /none of databases, files, configuration/],
  ['verify db1', 18, 'point-not-found', /db1 has no backup/],
  ['prune', 13, 'usage', /prune needs --yes where nobody can be asked/],
  ['prune db9 --yes', 14, 'vm-not-configured', /VM db9 is not under vms:/],
  ['serve', 15, 'not-supported', /stillshot serve/],
  ['hook vzdump', 13, 'usage', /missing required argument 'phase'/],
  ['hook vzdump backup-start snapshot 100', 13, 'usage', /has these of kind proxmox: none|knows no --json/],
  ['hook gate kvm', 13, 'usage', /this key is for/],
  ['hook test db1', 18, 'point-not-found', /db1 has no backup that was held/],
  ['list --config none.yaml', 10, 'config-invalid', /there is no configuration: looked for \/home\/admin\/none\.yaml/],
  ['release 01JDNONE', 39, 'hold-not-found', /there is no hold 01JDNONE/],
  ['show 01JDNONE', 18, 'point-not-found', /01JDNONE/],
]

describe('bad input is refused with a code and an exit status, and nothing is opened', () => {
  for (const [line, status, code, message] of BAD) {
    test(line === '' ? '(nothing)' : line, async () => {
      const argv = line.split(' ').filter((word) => word !== '')
      const plain = await run(argv)
      assert.deepEqual([plain.status, plain.out, plain.opened], [status, '', []], plain.err)
      assert.match(plain.err, message)
      const json = await run([...argv, '--json'])
      assert.equal(json.status, status)
      const document = JSON.parse(json.out)
      assert.equal(document.version, 1)
      assert.equal(typeof document.command, 'string')
      assert.equal(document.error.code, code)
      assert.match(document.error.message, message)
      assert.equal(typeof document.error.hint, 'string')
      assert.equal(typeof document.error.details, 'object')
    })
  }
})

test('an error names code, hint and run, and shows a stack only with --verbose or for a defect', async () => {
  const failing = {
    procedures: {
      holdVm: async () => {
        throw new StillshotError('guest-unreachable', 'db1 does not answer', { details: { run: '01RUN' } })
      },
    },
  }
  const { err, status, closed } = await run(['hold', 'db1'], failing)
  assert.equal(status, 30)
  assert.equal(closed, 1)
  assert.match(err, /^stillshot: db1 does not answer \(guest-unreachable\)\n {2}check the address.*\n {2}run 01RUN\n$/)
  assert.match((await run(['hold', 'db1', '--verbose'], failing)).err, / at /)
  const defect = await run(['hold', 'db1'])
  assert.equal(defect.status, 1)
  assert.match(defect.err, /holdVm was not expected \(defect\)[\s\S]* at /)
})

test('a fetched secret is taken out of results and errors, documents stay JSON', async () => {
  const secrets = ['canary-1', '4711']
  const procedures = {
    holdVm: async () => {
      throw new StillshotError('helper-failed', 'the helper said canary-1', { details: { seen: ['canary-1', 4711] } })
    },
    takeSnapshot: async () => somePoint({ note: 'my canary-1' }),
  }
  for (const argv of [
    ['hold', 'db1'],
    ['hold', 'db1', '--json'],
    ['snapshot', 'db1'],
    ['snapshot', 'db1', '--json'],
  ]) {
    const { out, err } = await run(argv, { procedures, secrets })
    assert.equal((out + err).includes('canary'), false, out + err)
    if (argv.includes('--json')) JSON.parse(out)
  }
})

test('help and version go to standard output with status 0, with --json as a document', async () => {
  const help = await run(['snapshot', '--help'])
  assert.equal(help.status, 0)
  assert.match(help.out, /--dry-run/)
  assert.equal((await run(['--version'])).out, '1.2.3\n')
  assert.equal(JSON.parse((await run(['help', 'list', '--json'])).out).command, 'help')
})

test('commands that are not there yet are not listed', async () => {
  const { out } = await run(['--help'])
  for (const later of ['serve', 'complete-vms']) {
    assert.doesNotMatch(out, new RegExp(`^ +${later}\\b`, 'm'))
  }
})

test('words of a guest cannot steer the terminal', async () => {
  const holdVm = async () => {
    throw new StillshotError('helper-failed', 'it said \u001b[2J\u009b1mhello\r')
  }
  const { err } = await run(['hold', 'db1'], { procedures: { holdVm } })
  assert.match(err, /it said \\x1b\[2J\\x9b1mhello\\x0d/)
})

test('what follows `--` is no option: the answer is for a person', async () => {
  const { out, err, status } = await run(['show', '--', '--json'])
  assert.deepEqual([status, out], [18, ''])
  assert.match(err, /there is no restore point or run --json/)
  assert.deepEqual((await run(['show', '--', 'a', '--json'])).out, '')
  assert.equal((await run(['list', '--', '--json'])).out, '')
})
