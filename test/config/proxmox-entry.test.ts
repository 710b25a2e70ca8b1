import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadSettings } from '../../src/config/load.ts'
import { StillshotError } from '../../src/errors.ts'
import { GOOD_CONFIG, hostWith } from './good-config.ts'

const GOOD = 'pve: { kind: proxmox, url: "https://pve.example:8006", token: "file:pve.token" }'

function load(entry: string) {
  assert.ok(GOOD_CONFIG.includes(GOOD))
  return loadSettings(hostWith(GOOD_CONFIG.replace(GOOD, entry)))
}

const refused: Readonly<Record<string, readonly [entry: string, problem: RegExp]>> = {
  'without credentials': ['pve: { kind: proxmox, url: "https://a:8006" }', /pve\.token is missing/],
  'with two kinds of credentials': [
    'pve: { kind: proxmox, url: "https://a:8006", token: "env:T", username: u@pve, password: "env:P" }',
    /pve\.token and a user are both given/,
  ],
  'with a user without a password': [
    'pve: { kind: proxmox, url: "https://a:8006", username: u@pve }',
    /pve\.password is missing/,
  ],
  'with a user without a realm': [
    'pve: { kind: proxmox, url: "https://a:8006", username: u, password: "env:P" }',
    /pve\.username is "u": must end with its realm/,
  ],
  'with an authority and a fingerprint': [
    'pve: { kind: proxmox, url: "https://a:8006", token: "env:T", ca: a.pem, fingerprint: "SHA256:AB" }',
    /pve\.fingerprint and ca are both given/,
  ],
  'with a password in the address': [
    'pve: { kind: proxmox, url: "https://u:hush@a:8006", token: "env:T" }',
    /pve\.url holds a user or a password/,
  ],
  'with a path in the address': [
    'pve: { kind: proxmox, url: "https://a:8006/api2/json", token: "env:T" }',
    /pve\.url has a path/,
  ],
  'with a port that is none': [
    'pve: { kind: proxmox, url: "https://a:port", token: "env:T" }',
    /pve\.url is no address/,
  ],
  'with the same node twice': [
    'pve: { kind: proxmox, url: "https://a:8006", token: "env:T", others: [{ url: "https://a:8006" }] }',
    /pve\.others\[0\]\.url is "https:\/\/a:8006": given twice/,
  ],
}

for (const [name, [entry, problem]] of Object.entries(refused)) {
  test(`a Proxmox VE ${name} is refused by its place`, async () => {
    await assert.rejects(load(entry), (error) => {
      assert.ok(error instanceof StillshotError)
      assert.equal(error.code, 'config-invalid')
      assert.match(error.message, problem)
      assert.equal(error.message.includes('hush'), false)
      return true
    })
  })
}

test('several nodes, and a user with a password', async () => {
  const settings = await load(
    'pve: { kind: proxmox, url: "https://a:8006/", ca: ca.pem, others: [{ url: "https://b:8006" }], username: u@pve, password: "env:P" }',
  )
  const entry = settings.hypervisors.pve
  assert.ok(entry?.kind === 'proxmox')
  assert.equal(entry.ca, '/home/admin/ca.pem')
  assert.deepEqual(entry.others, [{ url: 'https://b:8006' }])
})
