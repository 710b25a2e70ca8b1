import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { loadVzdumpScript } from '../../../adapters/hypervisors/proxmox/vzdump-hook/vzdump-script.ts'
import {
  authorizedKeysOptions,
  readSshPlace,
  type ScriptSettings,
  vzdumpScript,
} from '../../../src/cli/hook/install-script.ts'
import { StillshotError } from '../../../src/errors.ts'
import { run } from '../fake-app.ts'

const PVE = `hypervisors: { pve: { kind: proxmox, url: "https://pve1:8006", token: "env:T" } }
ssh: { key: id_ed25519 }
vms:
  db1: { hypervisor: pve, id: "100", ssh: { host: 10.0.0.5 } }
  db2: { hypervisor: pve, id: named, ssh: { host: 10.0.0.6 } }
`
const SETTINGS: ScriptSettings = {
  reach: { kind: 'here', command: ['/usr/bin/node', '/opt/s/stillshot.js'], hypervisor: 'pve' },
  onFailure: 'fail',
  vmids: ['100'],
}

describe('the script for a host', () => {
  test('has its settings, and is otherwise what is shipped', async () => {
    const template = await loadVzdumpScript()
    const text = vzdumpScript(template, { ...SETTINGS, onFailure: 'continue', vmids: ['100', 'named', '101'] })
    assert.match(text, /^ON_FAILURE=continue$/m)
    assert.match(text, /^VMS='100 101'$/m)
    assert.match(
      text,
      /^call\(\) \{ exec \/usr\/bin\/node \/opt\/s\/stillshot\.js hook vzdump --hypervisor pve "\$@"; \}$/m,
    )
    const rest = (script: string) => script.replace(/# --- settings: begin[\s\S]*settings: end ---/, '')
    assert.equal(rest(text), rest(template))
  })

  test('calls with the very words that were given, whatever they are', async () => {
    const template = await loadVzdumpScript()
    const nasty = fc.constantFrom(
      "'",
      '"',
      '\\',
      '$(id)',
      '`id`',
      '!',
      '*',
      '~',
      '#',
      ';',
      ' ',
      '&',
      '{a,b}',
      '%h',
      '-',
    )
    const piece = fc.oneof(nasty, fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 6 }))
    const word = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (words) => {
        const command = ['printf', '%s\\0', ...words]
        const text = vzdumpScript(template, { ...SETTINGS, reach: { kind: 'here', command, hypervisor: 'pve' } })
        const call = text.split('\n').find((line) => line.startsWith('call()'))
        const { stdout } = spawnSync('sh', ['-c', `${call}\ncall backup-start snapshot 100`], { encoding: 'utf8' })
        const phase = ['backup-start', 'snapshot', '100']
        assert.deepEqual(stdout.split('\0').slice(0, -1), [...words, 'hook', 'vzdump', '--hypervisor', 'pve', ...phase])
      }),
      { numRuns: 60 },
    )
  })

  test('takes no path that ssh would read as something else', async () => {
    const template = await loadVzdumpScript()
    const to = { user: 'stillshot', host: 'coordinator', port: 22 }
    for (const key of ['key', '~/key', '-i', '/root/a b', '/root/%h', '/root/$HOME', '/root/a\nb']) {
      const reach = { kind: 'ssh', to, key, knownHosts: '/root/.ssh/known_hosts' } as const
      assert.throws(() => vzdumpScript(template, { ...SETTINGS, reach }), { code: 'usage' })
    }
  })
})

describe('the place that hosts reach by ssh', () => {
  test('is read with and without a port', () => {
    assert.deepEqual(readSshPlace('stillshot@10.0.0.1'), { user: 'stillshot', host: '10.0.0.1', port: 22 })
    assert.deepEqual(readSshPlace('s@[fd00::1]:2222'), { user: 's', host: 'fd00::1', port: 2222 })
  })

  for (const text of [
    'host',
    '@host',
    'u@',
    'u@-oProxyCommand=id',
    '-l@host',
    'u@host:99999',
    'u@h;id',
    'u@h h',
    'U ser@h',
  ]) {
    test(`is refused: ${text}`, () => assert.throws(() => readSshPlace(text), StillshotError))
  }
})

test('the options of the key keep quotes and backslashes as sshd reads them', () => {
  const options = authorizedKeysOptions(['/usr/bin/node', '/opt/a "b"/s.js', 'hook', 'gate', 'pve'])
  assert.equal(options, `restrict,command="/usr/bin/node '/opt/a \\"b\\"/s.js' hook gate pve"`)
})

test('hook install knows the number of a guest that the configuration has by its name', async () => {
  const { status, written } = await run(['hook', 'install', 'pve', 'out.sh'], { config: PVE, nativeId: '101' })
  assert.equal(status, 0)
  assert.match(written['out.sh'] ?? '', /^VMS='100 101'$/m)
})

test('hook install writes a new file and says where everything goes', async () => {
  const words = ['hook', 'install', 'pve', 'out.sh', '--ssh', 'stillshot@10.0.0.1']
  const { status, written, out } = await run(words, { config: PVE })
  assert.equal(status, 0, out)
  assert.deepEqual(Object.keys(written), ['out.sh'])
  assert.match(out, /in \/etc\/vzdump\.conf there: script: \/usr\/local\/sbin\/stillshot-vzdump/)
  assert.match(out, /restrict,command="\/usr\/bin\/node .* hook gate pve"/)
  const document = JSON.parse((await run([...words, '--json'], { config: PVE })).out)
  assert.equal(document.steps.length, 4)
  const taken = await run(['hook', 'install', 'pve', '/home/admin/taken.yaml'], { config: PVE })
  assert.deepEqual([taken.status, taken.written], [13, {}])
})
