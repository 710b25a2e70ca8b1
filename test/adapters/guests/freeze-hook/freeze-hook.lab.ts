// runs beside other labs
import assert from 'node:assert/strict'
import { access, chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type HookSandbox, openHookSandbox } from './hook-sandbox.ts'

const HOOK = 'etc/qemu/fsfreeze-hook'
const CONF = 'etc/qemu/qemu-ga.conf'
/** As Debian's package brings it: it ends well whatever its hooks do. */
const STOCK = '#!/bin/sh\nfor file in "$(dirname "$0")/fsfreeze-hook.d"/*; do "$file" "$@"; done\nexit 0\n'

async function calls(guest: HookSandbox): Promise<readonly string[]> {
  const lines = (await guest.read('calls')).trim().split('\n')
  await guest.write('calls', '')
  return lines
}

/** A hook beside ours that writes down what it was asked, and fails to freeze when told. */
function neighbour(guest: HookSandbox, name: string, fails = false): Promise<void> {
  const text = `#!/bin/sh\nprintf '${name} %s\\n' "$1" >>${guest.root}/calls\n[ "$1" = thaw ] || ${fails ? 'false' : 'true'}\n`
  return guest.write(`${HOOK}.d/${name}`, text, 0o755)
}

test('the stock hook gives way to one that fails when a hook fails, and comes back on removal', async (t) => {
  const guest = await openHookSandbox()
  t.after(() => guest.close())
  await guest.write(HOOK, STOCK, 0o755)
  const facts = await guest.install()
  assert.equal(facts.get('before'), join(guest.root, `${HOOK}.before-stillshot`))
  assert.deepEqual(await calls(guest), ['systemctl try-restart qemu-guest-agent.service'])
  assert.match(
    await guest.read(CONF),
    new RegExp(`^\\[general\\]\n# Written by .*\nfsfreeze-hook=${guest.root}/${HOOK}\n$`),
  )
  await neighbour(guest, '60-fails', true)
  assert.notEqual((await guest.run(HOOK, 'freeze')).status, 0)
  assert.deepEqual(await calls(guest), ['freeze qemu-guest-agent', '60-fails freeze', 'thaw qemu-guest-agent'])
  await guest.install()
  assert.deepEqual(await calls(guest), [''], 'again changes nothing, and restarts nothing')
  assert.equal((await guest.remove()).status, 0)
  assert.equal(await guest.read(HOOK), STOCK)
  await assert.rejects(access(join(guest.root, CONF)))
  await assert.rejects(access(join(guest.root, `${HOOK}.d/50-stillshot`)))
})

test('hooks freeze in the order of their names and thaw in reverse; samples and what cannot run are left out', async (t) => {
  const guest = await openHookSandbox()
  t.after(() => guest.close())
  await guest.install()
  await calls(guest)
  for (const name of ['10-first', '90 last', '20-x.sample', '30-off']) await neighbour(guest, name)
  await chmod(join(guest.root, `${HOOK}.d/30-off`), 0o644)
  assert.equal((await guest.run(HOOK, 'freeze')).status, 0)
  assert.deepEqual(await calls(guest), ['10-first freeze', 'freeze qemu-guest-agent', '90 last freeze'])
  assert.equal((await guest.run(HOOK, 'thaw')).status, 0)
  assert.deepEqual(await calls(guest), ['90 last thaw', 'thaw qemu-guest-agent', '10-first thaw'])
  assert.equal((await guest.run(HOOK, 'melt')).status, 2)
})

test('a hook of the admin’s own goes on being called, first of all', async (t) => {
  const guest = await openHookSandbox()
  t.after(() => guest.close())
  const own = `#!/bin/sh\nprintf 'own %s\\n' "$1" >>${guest.root}/calls\n`
  await guest.write(HOOK, own, 0o755)
  await guest.install()
  await guest.install()
  await calls(guest)
  await guest.run(HOOK, 'freeze')
  await guest.run(HOOK, 'thaw')
  const order = ['own freeze', 'freeze qemu-guest-agent', 'thaw qemu-guest-agent', 'own thaw']
  assert.deepEqual(await calls(guest), order)
  await guest.remove()
  assert.equal(await guest.read(HOOK), own)
})

test('an agent that is told of a hook is not told again; other lines of its configuration stay', async (t) => {
  const guest = await openHookSandbox()
  t.after(() => guest.close())
  await guest.write(CONF, '[general]\nverbose=1\n')
  await guest.install()
  assert.match(await guest.read(CONF), /^\[general\]\n#.*\nfsfreeze-hook=.*\nverbose=1\n$/)
  await guest.remove()
  assert.equal(await guest.read(CONF), '[general]\nverbose=1\n')
  const other = join(guest.root, 'srv/hook')
  await guest.write(CONF, `[general]\nfsfreeze-hook = ${other}\n`)
  await guest.write('srv/hook', STOCK, 0o755)
  await calls(guest)
  assert.equal((await guest.install()).get('hook'), other)
  assert.deepEqual(await calls(guest), [''])
  assert.match(await guest.read('srv/hook'), /Written by/)
  await guest.remove()
  assert.equal(await guest.read('srv/hook'), STOCK)
})

test('only an agent of root’s says where its hook is, not what anybody else calls by its name', async (t) => {
  const guest = await openHookSandbox()
  t.after(() => guest.close())
  const told = join(guest.root, 'srv/hook')
  const agent = async (user: number) => {
    await guest.write('proc/77/comm', 'qemu-ga\n')
    await guest.write('proc/77/cmdline', `/usr/sbin/qemu-ga\0--fsfreeze-hook=${told}\0`)
    await guest.write('proc/77/status', `Name:\tqemu-ga\nUid:\t${user}\t${user}\t${user}\t${user}\n`)
  }
  await guest.write('srv/hook', STOCK, 0o755)
  await agent(1000)
  const facts = await guest.install()
  assert.deepEqual([facts.get('hook'), facts.get('agent')], [join(guest.root, HOOK), 'installed'])
  assert.equal(await guest.read('srv/hook'), STOCK)
  await guest.remove()
  await agent(0)
  assert.equal((await guest.install()).get('hook'), told)
})

test('SELinux is asked about and changed only when a person agreed', async (t) => {
  const guest = await openHookSandbox()
  t.after(() => guest.close())
  const program = (name: string, text: string) => guest.write(`bin/${name}`, `#!/bin/sh\n${text}\n`, 0o755)
  await program('getenforce', 'echo Enforcing')
  await program('getsebool', 'echo "$1 --> off"')
  await program('setsebool', `printf 'setsebool %s\\n' "$*" >>${guest.root}/calls`)
  await program('restorecon', ':')
  assert.equal((await guest.install()).get('selinux'), 'asks')
  assert.doesNotMatch(await guest.read('calls'), /setsebool/)
  assert.equal((await guest.install('allow')).get('selinux'), 'allowed')
  assert.match(await guest.read('calls'), /^setsebool -P virt_qemu_ga_run_unconfined on$/m)
  await program('getenforce', 'echo Permissive')
  assert.equal((await guest.install()).has('selinux'), false)
})

test('a guest without an agent gets only what it has a place for', async (t) => {
  const guest = await openHookSandbox()
  t.after(() => guest.close())
  await rm(join(guest.root, 'bin/qemu-ga'))
  const facts = await guest.install()
  assert.deepEqual([facts.has('hook'), facts.has('vmware')], [false, false])
  await guest.write('etc/vmware-tools/tools.conf', '')
  assert.equal((await guest.install()).has('vmware'), true)
  await guest.remove()
  await assert.rejects(access(join(guest.root, 'etc/vmware-tools/backupScripts.d/50-stillshot')))
})
