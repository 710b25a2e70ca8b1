// runs beside other labs
import assert from 'node:assert/strict'
import { rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { KeptAnswer, StatusAnswer } from '../../../../src/guest/protocol/answers.ts'
import { keptSchema } from '../../../../src/guest/protocol/kept-schema.ts'
import { statusSchema } from '../../../../src/guest/protocol/small-schemas.ts'
import { openSandbox, type Sandbox, until } from '../helper/sandbox.ts'
import { type HookSandbox, openHookSandbox } from './hook-sandbox.ts'
import { OpenVmTools } from './open-vm-tools.ts'

interface Guest {
  readonly helper: Sandbox
  readonly hooks: HookSandbox
  readonly tools: OpenVmTools
  close(): Promise<void>
}

/** The helper itself behind the installed script. */
async function openGuest(): Promise<Guest> {
  const [helper, hooks] = [await openSandbox('dash'), await openHookSandbox()]
  await helper.write('etc/freeze', 'stillshot-freeze 1\nprofile mysql\nttl 60000\nstart 10000\n')
  await hooks.write('etc/vmware-tools/tools.conf', '')
  await hooks.install()
  await rm(join(hooks.root, 'usr/local/sbin/stillshot-guest'))
  await symlink(join(helper.root, 'stillshot-guest'), join(hooks.root, 'usr/local/sbin/stillshot-guest'))
  const close = async () => {
    await helper.remove()
    await hooks.close()
  }
  return { helper, hooks, tools: new OpenVmTools(hooks.root), close }
}

const server = ({ helper }: Guest) => helper.unit('mariadb.service')

async function kept({ helper }: Guest): Promise<number> {
  return (await helper.answer<KeptAnswer>(keptSchema, 'kept', '-')).freezes.length
}

async function isHeld({ helper }: Guest): Promise<boolean> {
  const { holds } = await helper.answer<StatusAnswer>(statusSchema, 'status')
  return holds.some(({ state }) => ['held', 'stopping', 'releasing'].includes(state))
}

function neighbour({ hooks }: Guest, name: string, text: string): Promise<void> {
  return hooks.write(`etc/vmware-tools/backupScripts.d/${name}`, `#!/bin/sh\n${text}\n`, 0o755)
}

test('a quiesced snapshot holds the server from freeze to thaw, and leaves evidence', async (t) => {
  const guest = await openGuest()
  t.after(() => guest.close())
  assert.equal(await guest.tools.freeze(), true)
  assert.deepEqual([await server(guest), await isHeld(guest)], ['inactive', true])
  await guest.tools.thaw()
  assert.deepEqual([await server(guest), await isHeld(guest), await kept(guest)], ['active', false, 1])
})

test('a script after ours that fails, or a snapshot that fails, gives the server back', async (t) => {
  const guest = await openGuest()
  t.after(() => guest.close())
  await neighbour(guest, '90-fails', '[ "$1" != freeze ]')
  assert.equal(await guest.tools.freeze(), false)
  assert.deepEqual([await server(guest), await isHeld(guest)], ['active', false])
  await neighbour(guest, '90-fails', ':')
  assert.equal(await guest.tools.freeze(), true)
  await guest.tools.freezeFail()
  assert.deepEqual([await server(guest), await isHeld(guest), await kept(guest)], ['active', false, 0])
})

test('a freeze that cannot be clean fails the snapshot, though nothing is asked of the script any more', async (t) => {
  const guest = await openGuest()
  t.after(() => guest.close())
  await guest.helper.write('etc/freeze', 'stillshot-freeze 1\nprofile other\nttl 60000\nstart 10000\n')
  assert.equal(await guest.tools.freeze(), false)
  assert.deepEqual([await server(guest), await isHeld(guest), await kept(guest)], ['active', false, 0])
})

test('a freeze whose time is over while the server stops is ended, and the server comes back', async (t) => {
  const guest = await openGuest()
  t.after(() => guest.close())
  const stub = await guest.helper.read('bin/systemctl')
  const gate = `while [ -f ${guest.helper.root}/gate ]; do sleep 0.05; done`
  await guest.helper.write('bin/systemctl', stub.replace('stop() {', `stop() {\n  ${gate}`))
  await guest.helper.write('gate')
  const stops = async () => (await guest.helper.read('calls')).includes('systemctl stop -- mariadb.service')
  assert.equal(await guest.tools.freeze({ timeUp: until(stops, 60) }), false)
  await rm(join(guest.helper.root, 'gate'))
  await until(async () => (await server(guest)) === 'active' && !(await isHeld(guest)), 60)
})
