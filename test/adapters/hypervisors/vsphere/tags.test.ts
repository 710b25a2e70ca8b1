import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RestSession } from '../../../../adapters/hypervisors/vsphere/rest.ts'

import { readTags } from '../../../../adapters/hypervisors/vsphere/tags.ts'
import { StillshotError } from '../../../../src/errors.ts'

const TAGS = [
  { id: 'urn:1', name: 'gold', category_id: 'c1', vms: ['vm-1'] },
  { id: 'urn:2', name: 'database', category_id: 'c2', vms: [] },
]

/** A server with these tags; of others it says nothing. */
const session: RestSession = {
  async ask(method, path) {
    if (method === 'POST') {
      return TAGS.map(({ id, vms }) => ({
        tag_id: id,
        object_ids: vms.map((vm) => ({ type: 'VirtualMachine', id: vm })),
      }))
    }
    const name = path.slice(path.lastIndexOf('/id:') + 4)
    if (path.includes('/category/')) return { name: `category-${name}` }
    return path.endsWith('/tag') ? TAGS.map(({ id }) => id) : TAGS.find(({ id }) => id === name)
  },
}

test('tags that may be seen are told by name, also those that no VM has', async () => {
  const call = { signal: new AbortController().signal, changeSent: false }
  const { ofVm, visible } = await readTags({ session: (_, work) => work(session) }, { call, doing: 'read' })
  assert.deepEqual([...ofVm], [['vm-1', ['gold', 'category-c1/gold']]])
  assert.deepEqual(visible, ['category-c1/gold', 'category-c2/database', 'database', 'gold'])
})

/** The server, when it answers for one tag or category with a status instead. */
function refusing(what: string, status: number): RestSession {
  return {
    async ask(method, path) {
      if (!path.endsWith(what)) return session.ask(method, path)
      throw new StillshotError('hypervisor-refused', `status ${status}`, { details: { status } })
    },
  }
}

function readFrom(from: RestSession) {
  const call = { signal: new AbortController().signal, changeSent: false }
  return readTags({ session: (_, work) => work(from) }, { call, doing: 'read' })
}

test('a tag that is deleted while all are read is none', async () => {
  assert.deepEqual((await readFrom(refusing('/tag/id:urn:2', 404))).visible, ['category-c1/gold', 'gold'])
})

test('a tag or category that may not be read ends the listing: nobody could say which VMs have it', async () => {
  for (const what of ['/tag/id:urn:2', '/category/id:c1']) {
    await assert.rejects(readFrom(refusing(what, 403)), { code: 'hypervisor-refused' }, what)
  }
})

test('tags of one name in two categories are told apart, and the name alone means both', async () => {
  const twins: RestSession = {
    async ask(method, path) {
      if (method === 'POST') {
        return ['a', 'b'].map((id) => ({ tag_id: id, object_ids: [{ type: 'VirtualMachine', id: `vm-${id}` }] }))
      }
      if (path.endsWith('/tag')) return ['a', 'b']
      const name = path.slice(-1)
      return path.includes('/category/') ? { name: `category-${name}` } : { id: name, name: 'gold', category_id: name }
    },
  }
  const { ofVm, visible } = await readFrom(twins)
  assert.deepEqual(Object.fromEntries(ofVm), {
    'vm-a': ['gold', 'category-a/gold'],
    'vm-b': ['gold', 'category-b/gold'],
  })
  assert.deepEqual(visible, ['category-a/gold', 'category-b/gold', 'gold'])
})

test('tags are asked for in pages of a hundred', async () => {
  const asked: number[] = []
  const many = Array.from({ length: 250 }, (_, index) => `t${index}`)
  const server: RestSession = {
    async ask(method, path, body) {
      if (method === 'POST') {
        const { tag_ids: ids } = body as { tag_ids: readonly string[] }
        asked.push(ids.length)
        return ids.map((id) => ({ tag_id: id }))
      }
      if (path.endsWith('/tag')) return many
      return path.includes('/category/')
        ? { name: 'c' }
        : { id: path.slice(path.lastIndexOf(':') + 1), name: 'n', category_id: 'c' }
    },
  }
  await readFrom(server)
  assert.deepEqual(asked, [100, 100, 50])
})
