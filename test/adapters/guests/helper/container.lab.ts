// runs beside other labs
import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { containerUuid } from '../../../../src/guest/container-identity.ts'
import type { ProbeAnswer } from '../../../../src/guest/protocol/answers.ts'
import { probeSchema } from '../../../../src/guest/protocol/probe-schema.ts'
import { openSandbox, type Sandbox, SHELLS, type ShellName } from './sandbox.ts'

const ADDRESS = 'bc:24:11:00:02:00'

/** A guest that sees the SMBIOS of its node, and the cards given. */
async function open(shell: ShellName, t: TestContext, cards: Readonly<Record<string, string>>): Promise<Sandbox> {
  const guest = await openSandbox(shell)
  t.after(() => guest.remove())
  const files = {
    'sys/class/dmi/id/product_uuid': '4C4C4544-0000-4000-8000-000000000001',
    'proc/1/stat': `1 (a (bad) name) S ${Array.from({ length: 48 }, (_, index) => index + 100).join(' ')}`,
    ...Object.fromEntries(Object.entries(cards).map(([path, text]) => [`sys/class/net/${path}`, text])),
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(guest.root, path, '..'), { recursive: true })
    await writeFile(join(guest.root, path), `${text}\n`)
  }
  // The sandbox shows this machine's own.
  await rm(join(guest.root, 'proc/sys'), { force: true })
  await mkdir(join(guest.root, 'proc/sys/kernel/random'), { recursive: true })
  await guest.write('proc/sys/kernel/random/boot_id', 'boot-of-the-node\n')
  const helper = await guest.read('stillshot-guest')
  await writeFile(join(guest.root, 'stillshot-guest'), helper.replace(/^SYS=.*$/m, `SYS=${guest.root}/sys`))
  return guest
}

async function identity(guest: Sandbox): Promise<readonly (string | null)[]> {
  const { uuid, bootId } = await guest.answer<ProbeAnswer>(probeSchema, 'probe', 'mysql')
  return [uuid, bootId]
}

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`who the guest is, under ${shell}`, { concurrency: true }, () => {
    test('a container is known by its first card, and its boot by its first process', async (t) => {
      const guest = await open(shell, t, { 'eth0/address': ADDRESS })
      await guest.write('run/systemd/container', 'lxc\n')
      assert.deepEqual(await identity(guest), [containerUuid(ADDRESS), 'boot-of-the-node.118'])
    })

    test('where no card is called eth0, the one whose other end is outside', async (t) => {
      const guest = await open(shell, t, {
        ...{ 'br0/address': '02:00:00:00:00:01', 'br0/iflink': '3', 'br0/ifindex': '3' },
        ...{ 'net0/address': ADDRESS, 'net0/iflink': '9', 'net0/ifindex': '2' },
      })
      await guest.write('run/systemd/container', 'lxc\n')
      assert.deepEqual((await identity(guest))[0], containerUuid(ADDRESS))
    })

    test('a container without a card shows none, and not its node’s', async (t) => {
      const guest = await open(shell, t, {})
      await guest.write('run/systemd/container', 'lxc\n')
      assert.deepEqual((await identity(guest))[0], null)
    })

    test('a VM, and a container of another kind, is known by its SMBIOS', async (t) => {
      const guest = await open(shell, t, { 'eth0/address': ADDRESS })
      const own = ['4c4c4544-0000-4000-8000-000000000001', 'boot-of-the-node']
      assert.deepEqual(await identity(guest), own)
      await guest.write('run/systemd/container', 'docker\n')
      assert.deepEqual(await identity(guest), own)
    })
  })
}
