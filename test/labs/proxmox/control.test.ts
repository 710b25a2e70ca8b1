import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { serveControl } from './control.ts'
import { withStandIn } from './under-test.ts'

test('the control socket of the stand-in locks, unlocks, asks for faults, and refuses what it does not know', () =>
  withStandIn(async ({ standIn, snapshot }) => {
    const folder = await mkdtemp(join(tmpdir(), 'stillshot-pve-control-'))
    const socketPath = join(folder, 'control')
    const server = await serveControl(standIn, socketPath)
    try {
      assert.deepEqual(await order(socketPath, { act: 'lock', vmid: 100, lock: 'backup' }), { result: null })
      assert.equal((await snapshot('one')).exitStatus, 'VM is locked (backup)')
      await order(socketPath, { act: 'unlock', vmid: 100 })
      await order(socketPath, { act: 'fault', fault: { kind: 'kill', task: 'qmsnapshot', point: 'locked' } })
      assert.equal((await snapshot('one')).exitStatus, 'unexpected status')
      assert.deepEqual(await order(socketPath, { act: 'dance' }), { error: 'there is no act "dance"' })
    } finally {
      server.close()
      await rm(folder, { recursive: true })
    }
  }))

function order(socketPath: string, document: object): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const sent = request({ socketPath, method: 'POST', agent: false }, (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    response.on('end', () => resolve(JSON.parse(text)))
  })
  sent.on('error', reject)
  sent.end(JSON.stringify(document))
  return promise
}
