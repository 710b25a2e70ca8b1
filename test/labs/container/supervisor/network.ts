import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readlink } from 'node:fs/promises'
import { runCommand, tryCommand } from '../../command.ts'
import { waitFor } from '../../wait-for.ts'

const QUICK = { timeoutMs: 30_000 }

/** The network of a guest: it outlives its boots, as a socket in the wall does. */
export interface Network {
  /** The process that holds it. */
  readonly pid: number
  /** Absent where there is no card. */
  readonly address?: string
  plug(plugged: boolean): Promise<void>
}

/**
 * A network of the guest's own, and where it has a card, a cable from it to the network of this process. What is made goes with the
 * process that holds it, and that goes with this one.
 */
export async function openNetwork(mac: string | undefined): Promise<Network> {
  const holder = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--net', 'sleep', 'infinity'], { stdio: 'ignore' })
  const pid = await heldBy(holder)
  await runCommand('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', 'link', 'set', 'lo', 'up'], QUICK)
  if (mac === undefined) return { pid, plug: () => Promise.reject(new Error('this guest has no network card')) }
  const { cable, ours, address } = await layCable(pid, mac)
  await runCommand('ip', ['-batch', '-'], {
    ...QUICK,
    input: `addr add ${ours}/30 dev ${cable}\nlink set ${cable} up\n`,
  })
  const inside = `addr add ${address}/30 dev eth0\nlink set eth0 up\nroute add default via ${ours}\n`
  await runCommand('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', '-batch', '-'], { ...QUICK, input: inside })
  const plug = async (plugged: boolean) => {
    await runCommand('ip', ['link', 'set', cable, plugged ? 'up' : 'down'], QUICK)
  }
  return { pid, address, plug }
}

async function heldBy(holder: ChildProcess): Promise<number> {
  const own = await readlink('/proc/self/ns/net')
  const look = async () => {
    const { pid } = holder
    if (pid === undefined || holder.exitCode !== null)
      throw new Error('there are no network name spaces on this machine')
    const net = await readlink(`/proc/${pid}/ns/net`).catch(() => own)
    return net === own ? undefined : pid
  }
  return waitFor(look, { what: 'a network of its own', timeoutMs: 30_000, everyMs: 5 })
}

/** Of the addresses kept for tests between networks (198.18.0.0/15): four a cable, by its number, and the kernel refuses a number twice. */
async function layCable(pid: number, mac: string): Promise<{ cable: string; ours: string; address: string }> {
  let said = ''
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const number = randomInt(2 ** 15)
    const cable = `lab-native${number}`.slice(0, 15)
    const end = ['peer', 'name', 'eth0', 'address', mac, 'netns', String(pid)]
    const { status, stderr } = await tryCommand('ip', ['link', 'add', cable, 'type', 'veth', ...end], QUICK)
    const at = (last: number) => `198.${18 + (number >> 14)}.${(number >> 6) & 255}.${(number & 63) * 4 + last}`
    if (status === 0) return { cable, ours: at(1), address: at(2) }
    said = stderr
  }
  throw new Error(`no cable to the guest: ${said.trim()}`)
}
