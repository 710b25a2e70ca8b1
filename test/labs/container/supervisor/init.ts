import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ControlGroup } from './control-group.ts'
import type { Disks } from './disks.ts'
import type { NativeSpec } from './words.ts'

const ENTER = join(import.meta.dirname, '../inside/enter.sh')
const ENTER_LIMIT_MS = 120_000
/** What a firmware takes before a kernel counts; a guest's uptime is never quite nothing. */
const FIRMWARE_S = 1

/** A boot of a guest. */
export interface Init {
  /** Its number on this machine. */
  readonly pid: number
  /** `restarts` when it asked to be booted again. */
  readonly ended: Promise<'restarts' | 'is off'>
  signal(name: string): Promise<void>
}

/** Makes the guest's world and begins its init in it, in name spaces of its own and a time that begins now. */
export async function bootInit(spec: NativeSpec, disks: Disks, network: number, group: ControlGroup): Promise<Init> {
  const [uptime = '0'] = (await readFile('/proc/uptime', 'utf8')).split('.')
  const back = String(FIRMWARE_S - Number(uptime))
  const spaces = ['--mount', '--pid', '--uts', '--ipc', '--cgroup', '--time', '--boottime', back, '--monotonic', back]
  const child = spawn(
    // It joins its group first: what it starts can then be in no other.
    'sh',
    ['-c', 'echo $$ >"$0" && exec "$@"', group.members, 'setpriv', '--pdeathsig', 'KILL']
      .concat(['nsenter', `--net=/proc/${network}/ns/net`])
      .concat(['unshare', ...spaces, '--fork', '--kill-child', 'sh', ENTER]),
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        FOLDER: spec.folder,
        LOOKS: spec.looks,
        UUID: spec.uuid,
        VDA: disks.numbers.vda,
        VDB: disks.numbers.vdb,
        SERIAL_A: spec.serials.vda,
        SERIAL_B: spec.serials.vdb,
      },
    },
  )
  const ended = new Promise<'restarts' | 'is off'>((resolve) => {
    // The kernel ends the first process of a name space with a signal that says what it asked for.
    child.once('exit', (_, signal) => resolve(signal === 'SIGHUP' ? 'restarts' : 'is off'))
  })
  const pid = await saidBy(child)
  child.stdin?.end()
  const signal = async (name: string) => {
    await new Promise<void>((resolve, reject) => {
      spawn('kill', ['-s', name, String(pid)], { stdio: 'inherit' }).once('exit', (status) => {
        status === 0 ? resolve() : reject(new Error(`no signal ${name} for ${pid}`))
      })
    })
  }
  return { pid, ended, signal }
}

/** `pid N`, when the guest's world is made. */
async function saidBy(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const limit = setTimeout(() => {
    child.kill('SIGKILL')
    reject(new Error(`the guest's world was not made in ${ENTER_LIMIT_MS} ms`))
  }, ENTER_LIMIT_MS)
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const pid = /^pid (\d+)$/.exec(line)?.[1]
    if (pid !== undefined) resolve(Number(pid))
  })
  child.once('exit', (status, signal) => {
    reject(new Error(`the guest's world was not made (${signal ?? status}): see supervisor.log`))
  })
  try {
    return await promise
  } finally {
    clearTimeout(limit)
  }
}
