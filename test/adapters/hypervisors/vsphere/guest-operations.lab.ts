// runs beside other labs
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:https'
import { after, before, describe, test } from 'node:test'
import { AgentShells } from '../../../../adapters/guests/agent/agent-shells.ts'
import { NodeClock } from '../../../../adapters/system/node-clock.ts'
import type { StillshotError } from '../../../../src/errors.ts'
import type { GuestLogin } from '../../../../src/hypervisor/hypervisor.ts'
import { testGuestPrograms } from '../../../conformance/guest-shell-programs.ts'
import { hasCode } from '../../../conformance/guest-shell-subject.ts'
import { makeCertificate } from '../../../labs/proxmox/http/certificate.ts'
import type { InGuest } from '../../../labs/vsphere/in-guest.ts'
import { localGuest } from './local-guest.ts'
import { type OpenedVsphere, openVsphere } from './open-vsphere.ts'

const GUEST = { user: 'root', password: 'in <the> "guest"' }
const LOGIN: GuestLogin = { user: GUEST.user, password: async () => GUEST.password }

/** How long the guest takes none, as one that boots. */
let silent = false
const tools: InGuest = async (...given) => {
  if (silent) throw new Error('the guest boots')
  return localGuest(...given)
}

let opened: OpenedVsphere
before(async () => {
  opened = await openVsphere({ spec: { guest: GUEST }, inGuest: tools })
  await opened.simulator.set({ vm: 'db1', power: 'poweredOn' })
})
after(() => opened?.close())

function shells(login: GuestLogin = LOGIN): AgentShells {
  const agent = opened.hypervisor.guestPrograms(login)
  return new AgentShells({ clock: new NodeClock(), agent, vm: opened.vm, user: login.user })
}

const TARGET = { vm: 'db1', host: 'db1', port: 0, user: 'root' }

const earlier = new Set(readdirSync('/tmp'))

function leftInGuest(): readonly string[] {
  return readdirSync('/tmp').filter((name) => /^stillshot-[A-Za-z0-9]{6}$/.test(name) && !earlier.has(name))
}

describe('guest operations of VMware Tools', () => {
  testGuestPrograms(() => ({ shells: shells(), target: TARGET }))

  test('a signal that ended the program is told as a shell tells it', async () => {
    const shell = await shells().open(TARGET)
    assert.equal((await shell.run(['sh', '-c', 'kill -KILL $$'])).exitStatus, 137)
  })

  test('a wrong login is told at once, with where to mend it', async () => {
    const wrong = shells({ user: 'root', password: async () => 'wrong' })
    await assert.rejects(wrong.open(TARGET), (error) => {
      hasCode('guest-login-refused')(error)
      assert.match((error as StillshotError).hint, /tools:/)
      return true
    })
  })

  test('a guest that boots is unreachable, and a VM that is off as well', async () => {
    silent = true
    await assert.rejects(shells().open(TARGET), hasCode('guest-unreachable'))
    silent = false
    await opened.simulator.set({ vm: 'db1', power: 'poweredOff' })
    await assert.rejects(shells().open(TARGET), hasCode('guest-unreachable'))
    await opened.simulator.set({ vm: 'db1', power: 'poweredOn' })
  })

  test('input is in no argument and no file when the program runs', async () => {
    const shell = await shells().open(TARGET)
    const script = 'cat >/dev/null; ls -A "$(dirname "$(readlink /proc/$$/fd/1)")"; cat /proc/$PPID/cmdline'
    const { stdout } = await shell.run(['sh', '-c', script], { stdin: 'sEcReT-of-stdin' })
    assert.doesNotMatch(stdout, /sEcReT/)
    assert.deepEqual(stdout.split('\n').slice(0, 2), ['err', 'out'])
  })

  test('the start of a program whose answer is lost is not repeated', async () => {
    const shell = await shells().open(TARGET)
    const { calls } = await opened.simulator.state()
    await opened.simulator.rule({ method: 'StartProgramInGuest', where: 'after' })
    await assert.rejects(shell.run(['true']), (error) => {
      hasCode('guest-unreachable')(error)
      return (error as StillshotError).details.mayHaveRun === true
    })
    const now = (await opened.simulator.state()).calls
    assert.equal((now.StartProgramInGuest ?? 0) - (calls.StartProgramInGuest ?? 0), 1)
  })

  test('a file whose way breaks is fetched again', async () => {
    const shell = await shells().open(TARGET)
    await opened.simulator.rule({ method: 'GET /guestFile', where: 'before' })
    await opened.simulator.rule({ method: 'PUT /guestFile', where: 'before' })
    assert.equal((await shell.run(['cat'], { stdin: 'on' })).stdout, 'on')
  })

  test('a guest that cannot give its file, because it boots, is one that does not answer', async () => {
    const shell = await shells().open(TARGET)
    for (const method of ['PUT /guestFile', 'GET /guestFile']) {
      await opened.simulator.rule({ method, status: 500 })
      await assert.rejects(shell.run(['cat'], { stdin: 'x' }), hasCode('guest-unreachable'), method)
    }
  })

  test('a host whose certificate is not trusted gets nothing, and no message shows an address', async () => {
    let asked = 0
    const { certificate: cert, key } = await makeCertificate(['esx'])
    const stranger = createServer({ cert, key }, () => {
      asked += 1
    })
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
    const { port } = stranger.address() as { port: number }
    try {
      await opened.simulator.filesAt(`127.0.0.1:${port}`)
      const shell = await shells().open(TARGET)
      await assert.rejects(shell.run(['cat'], { stdin: 'sEcReT' }), (error) => {
        hasCode('hypervisor-refused')(error)
        const { message, hint } = error as StillshotError
        assert.match(hint, /ESXi host/)
        assert.doesNotMatch(message, /token/)
        return true
      })
      assert.equal(asked, 0)
    } finally {
      await opened.simulator.filesAt('*')
      stranger.close()
    }
  })

  test('an address that is not https is not followed', async () => {
    const shell = await shells().open(TARGET)
    for (const host of ['user:word@127.0.0.1', '[']) {
      await opened.simulator.filesAt(host)
      await assert.rejects(shell.run(['cat'], { stdin: 'x' }), hasCode('hypervisor-refused'), host)
    }
    await opened.simulator.filesAt('*')
  })

  test('nothing is left in the guest', () => {
    assert.deepEqual(leftInGuest(), [])
  })
})
