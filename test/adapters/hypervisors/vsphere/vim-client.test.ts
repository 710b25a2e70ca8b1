import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { VimFault } from '../../../../adapters/hypervisors/vsphere/faults.ts'
import { OPERATIONS, type Operation } from '../../../../adapters/hypervisors/vsphere/operations.ts'
import { field, list, type Ref, ref, text, typeOf } from '../../../../adapters/hypervisors/vsphere/values.ts'
import type { Errand } from '../../../../adapters/hypervisors/vsphere/vim.ts'
import { VimClient } from '../../../../adapters/hypervisors/vsphere/vim-client.ts'
import type { Envelope, VimHttp } from '../../../../adapters/hypervisors/vsphere/vim-http.ts'
import { StillshotError } from '../../../../src/errors.ts'

const TARGET: Ref = { type: 'VirtualMachine', value: 'vm-1' }

function errand(): Errand {
  return { call: { signal: new AbortController().signal, changeSent: false }, doing: 'try' }
}

/** A client whose requests are kept and answered by the test. */
function clientWith(answer: (envelope: Envelope) => Promise<string>) {
  const sent: Envelope[] = []
  const http = {
    host: 'vc.example',
    address: 'https://vc.example/sdk',
    async post(envelope: Envelope) {
      sent.push(envelope)
      return answer(envelope)
    },
    forget() {},
    close() {},
  }
  return { client: new VimClient(http as unknown as VimHttp), sent }
}

/** Without the prefix that `soap` gives to the API’s namespace. */
function plain(envelope: Envelope | undefined): string {
  return (envelope?.xml ?? '').replaceAll(/(<\/?)vim25:/g, '$1')
}

function soap(body: string, namespaces = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'): string {
  return `<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" ${namespaces}><e:Body>${body}</e:Body></e:Envelope>`
}

function response(operation: Operation, inner: string, namespaces?: string): string {
  return soap(`<${operation}Response xmlns="urn:vim25">${inner}</${operation}Response>`, namespaces)
}

describe('requests to vSphere', () => {
  test('parameters are written in the order of the API, whatever the order they are given in', async () => {
    const { client, sent } = clientWith(async () => response('CreateSnapshotEx_Task', ''))
    const fields = { memory: false, description: 'grade=<"&>', name: 's1' }
    await client.invoke('CreateSnapshotEx_Task', TARGET, fields, errand())
    const xml = plain(sent[0])
    assert.deepEqual(
      [...xml.matchAll(/<(_this|name|description|memory)[ >]/g)].map(([, name]) => name),
      ['_this', 'name', 'description', 'memory'],
    )
    assert.match(xml, /<_this type="VirtualMachine">vm-1<\/_this>/)
    assert.match(xml, /<description>grade=&lt;&quot;&amp;&gt;<\/description>/)
    assert.match(xml, /<CreateSnapshotEx_Task [^>]*xmlns="urn:vim25">/)
    assert.deepEqual([sent[0]?.change, sent[0]?.headers.soapaction], [true, '"urn:vim25/6.5"'])
  })

  test('objects inside are ordered, too, and a kind of one is named', async () => {
    const { client, sent } = clientWith(async () => response('RetrievePropertiesEx', ''))
    const selectSet = [
      { attributes: { 'xsi:type': 'TraversalSpec' }, type: 'ContainerView', path: 'view', skip: false },
    ]
    const specSet = { objectSet: { selectSet, skip: true, obj: 'o' }, propSet: { pathSet: ['a', 'b'], type: 'T' } }
    await client.invoke('RetrievePropertiesEx', TARGET, { options: { maxObjects: 1 }, specSet }, errand())
    const xml = plain(sent[0])
    assert.deepEqual([...xml.matchAll(/<([a-zA-Z]+)[^>]*>/g)].map(([, name]) => name).slice(3), [
      'specSet',
      'propSet',
      'type',
      'pathSet',
      'pathSet',
      'objectSet',
      'obj',
      'skip',
      'selectSet',
      'type',
      'path',
      'skip',
      'options',
      'maxObjects',
    ])
    assert.match(xml, /<selectSet xsi:type="TraversalSpec">/)
    assert.equal(sent[0]?.change, false)
  })

  test('every call that there is can be made', async () => {
    let asked: Operation = 'CurrentTime'
    const { client } = clientWith(async () => response(asked, '<returnval>x</returnval>'))
    for (const operation of Object.keys(OPERATIONS) as Operation[]) {
      asked = operation
      assert.equal(text(await client.invoke(operation, TARGET, {}, errand())), 'x', operation)
    }
  })
})

describe('answers of vSphere', () => {
  test('types are read with any prefix, lists of one and of several, and what is empty', async () => {
    const inner = `<returnval><obj type="Task">task-1</obj><one z:type="q:Kind">v</one><n>1</n><n>2</n><empty></empty></returnval>`
    const namespaces = 'xmlns:z="http://www.w3.org/2001/XMLSchema-instance" xmlns:q="urn:vim25"'
    const { client } = clientWith(async () => response('CurrentTime', inner, namespaces))
    const value = await client.invoke('CurrentTime', TARGET, {}, errand())
    assert.deepEqual(ref(field(value, 'obj')), { type: 'Task', value: 'task-1' })
    assert.equal(typeOf(field(value, 'one')), 'Kind')
    assert.equal(text(field(value, 'one')), 'v')
    assert.deepEqual(list(field(value, 'n')).map(text), ['1', '2'])
    assert.deepEqual(list(field(value, 'one')).map(text), ['v'])
    assert.deepEqual(
      [text(field(value, 'empty')), list(field(value, 'empty')), list(field(value, 'none'))],
      ['', [], []],
    )
  })

  test('a fault is a rejection with its type, and nothing is thrown at the process', async () => {
    const fault = `<e:Fault><faultcode>ServerFaultCode</faultcode><faultstring></faultstring><detail><NoPermissionFault xmlns="urn:vim25" xsi:type="NoPermission"><privilegeId>P.Q</privilegeId></NoPermissionFault></detail></e:Fault>`
    const { client } = clientWith(async () => soap(fault))
    await assert.rejects(client.invoke('CurrentTime', TARGET, {}, errand()), (error) => {
      assert.ok(error instanceof VimFault)
      assert.deepEqual([error.type, error.message], ['NoPermission', 'NoPermission'])
      assert.equal(text(field(error.detail, 'privilegeId')), 'P.Q')
      return true
    })
  })

  test('a call that an old server does not know', async () => {
    const words = 'Unable to resolve WSDL method name CreateSnapshotEx_Task'
    const fault = `<e:Fault><faultcode>ServerFaultCode</faultcode><faultstring>${words}</faultstring></e:Fault>`
    const { client } = clientWith(async () => soap(fault))
    await assert.rejects(client.invoke('CreateSnapshotEx_Task', TARGET, {}, errand()), { type: 'MethodNotFound' })
  })

  test('what breaks on the way comes as it is', async () => {
    const lost = new StillshotError('answer-lost', 'gone')
    const { client } = clientWith(async () => {
      throw lost
    })
    await assert.rejects(client.invoke('CurrentTime', TARGET, {}, errand()), (error) => error === lost)
  })

  test('an answer that is no XML is a rejection', async () => {
    const { client } = clientWith(async () => '<e:Envelope><unclosed')
    await assert.rejects(client.invoke('CurrentTime', TARGET, {}, errand()))
  })
})

describe('the mended client', () => {
  test('a password is in one request, and neither during it nor after it anywhere in the client', async () => {
    const seen: string[] = []
    const { client, sent } = clientWith(async () => {
      seen.push(reachable(client))
      return response('Login', '<returnval><key>k</key></returnval>')
    })
    const fields = { userName: 'u', password: 'hunter2' }
    await client.invoke('Login', TARGET, fields, errand())
    assert.match(plain(sent[0]), /<password>hunter2<\/password>/)
    assert.match(seen[0] ?? '', /VimPortType|VimService/)
    for (const memory of [...seen, reachable(client)]) assert.doesNotMatch(memory, /hunter2/)
  })

  test('neither the environment nor the listeners of the process change', async () => {
    const own = process.env.NODE_TLS_REJECT_UNAUTHORIZED
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    const environment = { ...process.env }
    const before = process.listenerCount('beforeExit')
    const { client } = clientWith(async () => response('Logout', ''))
    await client.invoke('Logout', TARGET, {}, errand())
    client.close()
    client.disconnect()
    const after = { ...process.env }
    if (own === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = own
    assert.deepEqual(after, environment)
    assert.equal(process.listenerCount('beforeExit'), before)
  })
})

/** All texts that can be reached from the client, by any property. */
function reachable(value: unknown, seen = new Set<unknown>()): string {
  if (typeof value === 'string') return value
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return ''
  seen.add(value)
  return Reflect.ownKeys(value)
    .map((key) => {
      const { value: inner } = Reflect.getOwnPropertyDescriptor(value, key) ?? {}
      return `${String(key)} ${reachable(inner, seen)}`
    })
    .join('\n')
}
