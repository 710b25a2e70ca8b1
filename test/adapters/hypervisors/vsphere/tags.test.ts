import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RestSession } from '../../../../adapters/hypervisors/vsphere/rest.ts'
import { readTags } from '../../../../adapters/hypervisors/vsphere/tags.ts'

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
