import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeHost } from '../../adapters/system/fake/fake-host.ts'
import { loadSettings } from '../../src/config/load.ts'
import { CONFIG_PATH, GOOD_CONFIG, hostWith } from './good-config.ts'

const withFile = (facts: object) => new FakeHost({ files: { [CONFIG_PATH]: { text: GOOD_CONFIG, ...facts } } })

for (const [name, host, message] of [
  ['that its group can write', withFile({ mode: 0o660 }), /stillshot\.yaml can be written by others \(mode 0660\)/],
  ['that everybody can write', withFile({ mode: 0o602 }), /mode 0602/],
  ['of another user', withFile({ ownerId: 1001 }), /belongs to user 1001, not to root or user 1000/],
  ['that is a pipe', withFile({ kind: 'other' }), /is not a regular file/],
] as const) {
  test(`a configuration ${name} is not read`, async () => {
    await assert.rejects(loadSettings(host), { code: 'config-unsafe', message })
  })
}

test('a folder that others can write is refused, also a link’s own', async () => {
  const here = hostWith(GOOD_CONFIG)
  here.setFolder('/home/admin', { mode: 0o777 })
  await assert.rejects(loadSettings(here), { code: 'config-unsafe', message: /\/home\/admin can be written by others/ })
  const linked = withFile({ realPath: '/srv/shared/stillshot.yaml' })
  linked.setFolder('/srv/shared', { ownerId: 1001 })
  await assert.rejects(loadSettings(linked), { code: 'config-unsafe', message: /\/srv\/shared belongs to user 1001/ })
})

test('one of root that others may only read is taken', async () => {
  const host = withFile({ ownerId: 0, mode: 0o644 })
  host.setFolder('/home/admin', { ownerId: 0 })
  assert.equal((await loadSettings(host)).file, CONFIG_PATH)
})
