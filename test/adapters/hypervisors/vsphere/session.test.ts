import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VimFault } from '../../../../adapters/hypervisors/vsphere/faults.ts'
import { changes, type Operation } from '../../../../adapters/hypervisors/vsphere/operations.ts'
import { readObjects, readVms } from '../../../../adapters/hypervisors/vsphere/properties.ts'
import { Session } from '../../../../adapters/hypervisors/vsphere/session.ts'
import { readTree } from '../../../../adapters/hypervisors/vsphere/snapshot-tree.ts'
import { field, list, type Ref, text, type Value } from '../../../../adapters/hypervisors/vsphere/values.ts'
import type { Errand, Fields, Vim } from '../../../../adapters/hypervisors/vsphere/vim.ts'
import { NodeClock } from '../../../../adapters/system/node-clock.ts'

const CONTENT = Object.fromEntries(
  ['sessionManager', 'propertyCollector', 'viewManager', 'rootFolder'].map((name) => [
    name,
    { attributes: { type: name }, $value: name },
  ]),
)

function errand(): Errand {
  return { call: { signal: new AbortController().signal, changeSent: false }, doing: 'try' }
}

/** A session whose server is the function; logging in is done for it. */
function sessionWith(answer: (operation: Operation, target: Ref, fields: Fields) => Value) {
  const asked: Operation[] = []
  const vim: Vim = {
    async invoke(operation, target, fields, { call }) {
      asked.push(operation)
      if (changes(operation)) call.changeSent = true
      if (operation === 'RetrieveServiceContent') return CONTENT
      if (operation === 'Login') return { key: 'k' }
      return answer(operation, target, fields)
    },
    forget() {},
    disconnect() {},
  }
  const login = { username: 'u', password: async () => 'p' }
  return { session: new Session(vim, login, new NodeClock()), asked }
}

function vm(id: string) {
  return { obj: { attributes: { type: 'VirtualMachine' }, $value: id }, propSet: { name: 'name', val: id } }
}

test('pages are asked for until the last one', async () => {
  const pages: Readonly<Record<string, Value>> = {
    '': { objects: [vm('vm-1'), vm('vm-2')], token: 'a' },
    a: { objects: vm('vm-3'), token: 'b' },
    b: { objects: [vm('vm-4')] },
  }
  const { session, asked } = sessionWith((operation, _target, fields) => {
    if (operation === 'CreateContainerView') return { attributes: { type: 'ContainerView' }, $value: 'view-1' }
    return operation === 'DestroyView' ? undefined : pages[text(fields.token)]
  })
  const seen = await readVms(session, ['name'], errand())
  assert.deepEqual(
    seen.map(({ object, properties }) => [object.value, text(properties.name)]),
    ['vm-1', 'vm-2', 'vm-3', 'vm-4'].map((id) => [id, id]),
  )
  assert.equal(asked.filter((operation) => operation === 'ContinueRetrievePropertiesEx').length, 2)
  assert.equal(asked.at(-1), 'DestroyView')
})

test('one object that is gone does not hide the others', async () => {
  const { session } = sessionWith((_operation, _target, fields) => {
    const ids = list(field(fields.specSet, 'objectSet')).map((each) => text(field(each, 'obj')))
    if (ids.includes('vm-2')) throw new VimFault('ManagedObjectNotFound', 'gone', undefined)
    return { objects: ids.map(vm) }
  })
  const objects = ['vm-1', 'vm-2', 'vm-3'].map((value) => ({ type: 'VirtualMachine', value }))
  const seen = await readObjects(session, objects, ['name'], errand())
  assert.deepEqual(
    seen.map(({ object }) => object.value),
    ['vm-1', 'vm-3'],
  )
})

test('snapshots that may not be seen are not taken for none', async () => {
  const obj = { attributes: { type: 'VirtualMachine' }, $value: 'vm-1' }
  const fault = { attributes: { 'xsi:type': 'NoPermission' }, privilegeId: 'System.Read' }
  const answers: Readonly<Record<string, Value>> = {
    unset: { obj },
    hidden: { obj, missingSet: { path: 'snapshot', fault: { fault, localizedMessage: 'no' } } },
    silent: undefined,
  }
  const read = (objects: Value) => {
    const { session } = sessionWith(() => ({ objects }))
    const seen = new Map([['i', { type: 'VirtualMachine', value: 'vm-1' }]])
    const site = { name: 'vc', clock: new NodeClock(), session, seen, snapshotDisks: new Map() }
    const vm = { hypervisor: 'vc', nativeId: 'i', name: 'db1', uuid: 'u', power: 'off', macs: [], disks: [] } as const
    return readTree(site, vm, errand().call)
  }
  assert.deepEqual((await read(answers.unset)).snapshots, [])
  await assert.rejects(read(answers.hidden), { code: 'hypervisor-refused', hint: /System\.Read/ })
  await assert.rejects(read(answers.silent), { code: 'hypervisor-refused' })
})

test('a server that says twice that nobody is logged in is not asked for ever', async () => {
  const { session, asked } = sessionWith(() => {
    throw new VimFault('NotAuthenticated', 'who?', undefined)
  })
  await assert.rejects(session.call('CurrentTime', 'rootFolder', {}, errand()), { code: 'hypervisor-refused' })
  assert.equal(asked.filter((operation) => operation === 'Login').length, 2)
})

test('a change that the server refused counts as not sent', async () => {
  const { session } = sessionWith(() => {
    throw new VimFault('TaskInProgress', 'busy', undefined)
  })
  const own = errand()
  await assert.rejects(session.call('PowerOnVM_Task', 'rootFolder', {}, own), { code: 'vm-locked' })
  assert.equal(own.call.changeSent, false)
})

test('nobody logs in again behind the logout, and what is asked then says why it was not', async () => {
  const { session, asked } = sessionWith(() => undefined)
  await session.call('CurrentTime', 'rootFolder', {}, errand())
  await session.close()
  await session.close()
  await assert.rejects(session.call('CurrentTime', 'rootFolder', {}, errand()), { code: 'cancelled' })
  assert.deepEqual(asked, ['RetrieveServiceContent', 'Login', 'CurrentTime', 'Logout'])
})
