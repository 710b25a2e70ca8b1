import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadSettings } from '../../src/config/load.ts'
import { StillshotError } from '../../src/errors.ts'
import { GOOD_CONFIG, hostWith } from './good-config.ts'

const GOOD = 'pve: { kind: proxmox, url: "https://pve.example:8006", token: "file:pve.token" }'

function load(entry: string) {
  assert.ok(GOOD_CONFIG.includes(GOOD))
  return loadSettings(hostWith(GOOD_CONFIG.replace(GOOD, `pve: { kind: vsphere, username: u, ${entry} }`)))
}

const refused: Readonly<Record<string, readonly [entry: string, problem: RegExp]>> = {
  'without a password': ['url: "https://a/sdk"', /password/],
  'with an authority and a fingerprint': [
    'url: "https://a/sdk", password: "env:P", ca: a.pem, fingerprint: "SHA256:AB"',
    /pve\.fingerprint and ca are both given/,
  ],
  'with a password in the address': [
    'url: "https://u:hush@a/sdk", password: "env:P"',
    /pve\.url holds a user or a password: use username and password/,
  ],
  'with the address of its console': [
    'url: "https://a/ui/", password: "env:P"',
    /pve\.url has another path than the API/,
  ],
  'with a port that is none': ['url: "https://a:port/sdk", password: "env:P"', /pve\.url is no address/],
}

for (const [name, [entry, problem]] of Object.entries(refused)) {
  test(`a vSphere ${name} is refused by its place`, async () => {
    await assert.rejects(load(entry), (error) => {
      assert.ok(error instanceof StillshotError)
      assert.equal(error.code, 'config-invalid')
      assert.match(error.message, problem)
      assert.equal(error.message.includes('hush'), false)
      return true
    })
  })
}

test('a vSphere with an authority beside the configuration', async () => {
  const { hypervisors } = await load('url: "https://a", password: "env:P", ca: ca.pem')
  assert.match(String((hypervisors.pve as { ca?: string }).ca), /^\/.*\/ca\.pem$/)
})
