import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkDrill } from '../../src/coordinator/drill-steps.ts'
import { StillshotError } from '../../src/errors.ts'
import type { GuestShell, GuestShells } from '../../src/guest/guest-shell.ts'
import type { Hypervisor, Vm } from '../../src/hypervisor/hypervisor.ts'

const VM: Vm = { hypervisor: 'vc', nativeId: '1', name: 'db1', uuid: 'u', power: 'running', macs: [], disks: [] }
const REQUEST = { snapshotName: 's1', name: 'copy' }
const guestPrograms = () => ({
  ping: async () => {},
  exec: async () => ({ exitStatus: 0, stdout: '', stderr: '' }),
})

/** How often the copy was looked at, and the way into guests answers with `open`. */
async function look(open: () => Promise<GuestShell>, vm: Vm = VM) {
  let looks = 0
  const clones = {
    check: async () => {
      looks += 1
      return []
    },
  }
  const hypervisor = { name: 'vc', guestPrograms, clones } as unknown as Hypervisor
  const shells: GuestShells = { user: 'stillshot', open }
  const done = checkDrill({ hypervisor, agentShells: async () => shells }, vm, REQUEST, new AbortController().signal)
  return done.then(
    () => ({ looks, code: undefined }),
    (error: StillshotError) => ({ looks, code: error.code }),
  )
}

const refused = (code: 'guest-login-refused' | 'guest-unreachable') => () =>
  Promise.reject(new StillshotError(code, 'as told'))

test('a login that the running VM refuses ends the drill before anything of a copy', async () => {
  assert.deepEqual(await look(refused('guest-login-refused')), { looks: 0, code: 'guest-login-refused' })
})

test('a VM that does not answer, or is off, is drilled all the same', async () => {
  assert.deepEqual(await look(refused('guest-unreachable')), { looks: 1, code: undefined })
  assert.deepEqual(await look(refused('guest-login-refused'), { ...VM, power: 'off' }), { looks: 1, code: undefined })
})

test('the shell that was opened to try the login is closed', async () => {
  let closed = 0
  const close = async () => {
    closed += 1
  }
  const shell = { close } as unknown as GuestShell
  await look(async () => shell)
  assert.equal(closed, 1)
})
