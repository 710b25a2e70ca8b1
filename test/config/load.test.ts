import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeHost } from '../../adapters/system/fake/fake-host.ts'
import { loadSettings } from '../../src/config/load.ts'
import { StillshotError } from '../../src/errors.ts'
import { CONFIG_PATH, GOOD_CONFIG, hostWith } from './good-config.ts'

const load = (text: string) => loadSettings(hostWith(text))

async function rejection(promise: Promise<unknown>): Promise<StillshotError> {
  const error = await promise.then(
    () => assert.fail('it was taken'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof StillshotError, String(error))
  return error
}

/** [what is written, instead of what, what the message must say]. Together they name path, place and value. */
const BAD: readonly (readonly [string, string, RegExp])[] = [
  ['hyperviser: kvm', 'hypervisor: kvm', /:7:5: vms\.db1\.hyperviser is not a known key; did you mean hypervisor\?/],
  [
    'hypervisor: kvn',
    'hypervisor: kvm',
    /:7:17: vms\.db1\.hypervisor is "kvn": not under hypervisors; did you mean kvm/,
  ],
  ['ttl: soon', 'ttl: 2m', /:10:18: vms\.db1\.hold\.ttl is "soon": must be a number with a unit .* such as "120s"/],
  ['ttl: 90', 'ttl: 2m', /vms\.db1\.hold\.ttl is 90: must be text such as "120s"; quote it/],
  ['ttl: 10s', 'ttl: 2m', /vms\.db1\.hold\.ttl is 10s: must be longer than the budget \(30s\)/],
  ['ttl: 4s, budget: 1s', 'ttl: 2m, budget: 30s', /vms\.db1\.hold\.ttl is 4s: must be from 5s to 1h/],
  ['ttl: 2h', 'ttl: 2m', /vms\.db1\.hold\.ttl is 2h: must be from 5s to 1h/],
  ['ssh: { keepAlive: 0s,', 'ssh: {', /:4:19: ssh\.keepAlive is 0s: must be from 1s to 5m/],
  ['ssh: { keepAlive: 1d,', 'ssh: {', /ssh\.keepAlive is 1d: must be from 1s to 5m/],
  ['ssh: { connectTimeout: 1ms,', 'ssh: {', /ssh\.connectTimeout is 1ms: must be from 1s to 5m/],
  [
    'url: "https://pve.example:8006", fingerprint: "MD5:…"',
    'url: "https://pve.example:8006"',
    /hypervisors\.pve\.fingerprint is "MD5:…": must be of the form such as "SHA256:…"/,
  ],
  ['budget: 0s', 'budget: 30s', /vms\.db1\.hold\.budget is 0/],
  ['id: 100', 'id: "100"', /:13:9: vms\.db2\.id is 100: must be text/],
  ['kind: libvrt', 'kind: libvirt', /hypervisors\.kvm\.kind is "libvrt": must be one of libvirt, proxmox, vsphere/],
  [
    'url: "http://pve',
    'url: "https://pve',
    /hypervisors\.pve\.url is "http:\/\/pve\.example:8006": must be of the form/,
  ],
  ['profile: shp', 'profile: shop', /vms\.db2\.profile is "shp": not under profiles; did you mean shop/],
  ['profile: constructor', 'profile: shop', /vms\.db2\.profile is "constructor": not under profiles/],
  ['ssh: { agent: false }', 'ssh: { key: id_ed25519 }', /ssh\.key is missing/],
  ['vms: [db3]', 'vms: [db1]', /policies\.nightly\.select\.vms\[0\] is "db3": not under vms/],
  [
    'schedule: "30 2 * * *", timezone: Mars/Olympus',
    'schedule: "30 2 * * *"',
    /policies\.nightly\.timezone is "Mars\/Olympus": must be a time zone/,
  ],
  [
    '{ unit: a, dbms: auto',
    '{ dbms: auto',
    /profiles\.shop\.components\[1\] must have exactly one of unit, role and dbms/,
  ],
  ['{ unit: b }, { unit: c }]', '{ dbms: auto, stopLimit: 5m }]', /has 0 components with dbms/],
  [
    '{ unit: nginx.service }, { unit: nginx.service }, {',
    '{ unit: nginx.service }, {',
    /components\[1\] names nginx\.service twice/,
  ],
  ['unit: "a b"', 'unit: nginx.service', /components\[0\]\.unit is "a b": must be of the form such as "cron\.service"/],
  ['port: 70000, host', 'host', /vms\.db1\.ssh\.port is 70000: must be <= 65535/],
  ['"a/b":', 'db1:', /vms\["a\/b"\] is not a name that can be used/],
  ['mysql:\n    components', 'shop:\n    components', /profiles\.mysql is built in/],
  ['    id: db1\n    id: db1', '    id: db1', /:9:5: the same key stands twice/],
  ['ssh: { host: 10.0.0.5', 'ssh: { host: 10.0.0.5 }', /:10:5: .*a bracket above is not closed/],
  ['\tid: db1', '    id: db1', /a tab indents|something stands where nothing may|indentation/],
  ['id: *nobody', 'id: db1', /alias/],
  ['id: !!js/function x', 'id: db1', /a tag \(`!…`\) is not known/],
]

describe('a bad configuration is refused by path, place and value', () => {
  for (const [written, instead, message] of BAD) {
    test(written.replaceAll('\n', ' '), async () => {
      assert.ok(GOOD_CONFIG.includes(instead), `the good configuration holds ${instead}`)
      const error = await rejection(load(GOOD_CONFIG.replace(instead, () => written)))
      assert.equal(error.code, 'config-invalid')
      assert.match(error.message, message)
      assert.ok(error.message.startsWith(CONFIG_PATH), error.message)
    })
  }
})

test('every problem is told at once, each on its line', async () => {
  const text = GOOD_CONFIG.replace('ttl: 2m', 'ttl: x').replace('host: 10.0.0.6', 'hots: 10.0.0.6')
  const error = await rejection(load(text))
  assert.deepEqual(
    (error.details.problems as { path: string; line: number }[]).map(({ path, line }) => `${path} ${line}`).sort(),
    ['vms.db1.hold.ttl 10', 'vms.db2.ssh.host 14', 'vms.db2.ssh.hots 14'],
  )
  assert.equal(error.message.split('\n').length, 3)
})

test('a secret that is written down is refused and not repeated', async () => {
  for (const [written, instead] of [
    ['token: hunter2-canary', 'token: "file:pve.token"'],
    ['password: hunter2-canary', 'password: "env:DB2"'],
    ['password: [hunter2-canary]', 'password: "env:DB2"'],
    ['passwort: hunter2-canary', 'password: "env:DB2"'],
    ['password: "hunter2-canary', 'password: "env:DB2"'],
  ] as const) {
    const error = await rejection(load(GOOD_CONFIG.replace(instead, written)))
    assert.equal(error.code, 'config-invalid')
    assert.equal(JSON.stringify([error.message, error.details]).includes('canary'), false, error.message)
  }
})

test('an empty file and one that holds no keys are refused', async () => {
  assert.match((await rejection(load(''))).message, /is empty/)
  assert.match((await rejection(load('just text'))).message, /must be a group of keys/)
  assert.match((await rejection(load('a: 1\n---\nb: 2\n'))).message, /more than one document/)
})

test('defaults, milliseconds and absolute paths are filled in', async () => {
  const settings = await load(GOOD_CONFIG)
  assert.equal(settings.state.directory, '/home/admin/state')
  assert.equal(settings.ssh.key, '/home/admin/id_ed25519')
  assert.equal(settings.ssh.knownHosts, '/home/admin/known_hosts')
  assert.deepEqual(settings.vms.db1?.hold, { ttlMs: 120_000, budgetMs: 30_000 })
  assert.deepEqual(settings.vms.db1?.ssh, { host: '10.0.0.5', port: 22, user: 'stillshot' })
  assert.equal(settings.vms.db1?.profile, 'mysql')
  assert.equal(settings.vms.db2?.ssh.user, 'backup')
  assert.deepEqual(settings.profiles.shop?.components, [
    { kind: 'unit', unit: 'nginx.service', stopSeconds: 60, startSeconds: 60 },
    { kind: 'dbms', unit: 'auto', stopSeconds: 300, startSeconds: 60 },
  ])
  assert.equal(JSON.stringify(settings).includes('"env:DB2"'), true, 'secrets stay references')
})

test('anchors and merge keys are understood', async () => {
  const text = GOOD_CONFIG.replace('hold: { ttl: 2m, budget: 30s }', 'hold: &short { ttl: 1m, budget: 10s }').replace(
    'profile: shop',
    'hold: *short',
  )
  assert.deepEqual((await load(text)).vms.db2?.hold, { ttlMs: 60_000, budgetMs: 10_000 })
})

test('an example with three hypervisors, as documentation prints it, is valid', async () => {
  const settings = await load(`hypervisors:
  pve:  { kind: proxmox, url: "https://pve1.example:8006", ca: /etc/stillshot/pve-ca.pem, token: "file:/etc/stillshot/pve.token" }
  vc:   { kind: vsphere, url: "https://vcenter.example/sdk", fingerprint: "SHA256:…", username: stillshot@vsphere.local, password: "env:VC_PASSWORD" }
  kvm:  { kind: libvirt, uri: "qemu:///system" }
ssh:    { user: stillshot, key: "/etc/stillshot/id_ed25519", knownHosts: /etc/stillshot/known_hosts }
vms:
  db1:
    hypervisor: pve
    id: "100"
    ssh: { host: 10.0.0.5, port: 22 }
    profile: idoit
    mode: stop
    hold: { ttl: 120s, budget: 30s }
policies:
  nightly:
    select: { vms: [db1] }
    schedule: "30 2 * * *"
    timezone: Europe/Paris
    keep: { last: 3, daily: 7, weekly: 4 }
repositories:
  nas:  { kind: directory, path: /srv/backup }
state:  { directory: /var/lib/stillshot }
`)
  assert.deepEqual(Object.keys(settings.hypervisors), ['pve', 'vc', 'kvm'])
})

test('the named file is read, else the one here, else the one of the system', async () => {
  const system = '/etc/stillshot/stillshot.yaml'
  const host = new FakeHost({ files: { [system]: { text: GOOD_CONFIG, ownerId: 0, mode: 0o644 } } })
  host.setFolder('/etc/stillshot', { ownerId: 0 })
  assert.equal((await loadSettings(host)).file, system)
  const error = await rejection(loadSettings(host, 'other.yaml'))
  assert.match(error.message, /looked for \/home\/admin\/other\.yaml/)
  const none = await rejection(loadSettings(new FakeHost()))
  assert.match(none.message, /\/home\/admin\/stillshot\.yaml and \/etc\/stillshot\/stillshot\.yaml/)
  assert.match(none.hint, /stillshot init/)
})

test('a path that the helper would not take is refused here: it would leave the VM without a profile', async () => {
  const withPath = (path: string) =>
    GOOD_CONFIG.replace('stopLimit: 5m }]', `stopLimit: 5m }]\n    backup: { files: ["${path}"] }`)
  for (const path of ['/srv', '/var/www/html', '/a/..b/.c@:_-1']) await load(withPath(path))
  for (const path of ['/', '/var/www/html/', '/var//www', '/var/../etc', '/var/..', '/./var', 'var', '/a b', '/a\\n']) {
    await assert.rejects(load(withPath(path)), { code: 'config-invalid' }, path)
  }
})
