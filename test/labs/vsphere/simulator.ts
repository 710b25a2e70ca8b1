import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Certificate, sharedCertificate } from '../proxmox/http/certificate.ts'
import { buildSimulator } from './build-simulator.ts'
import { type Machines, openMachineHook } from './machine-hook.ts'

/** A VM of the simulator; what is left out is as the library makes it. */
export interface VmSpec {
  readonly name: string
  readonly uuid?: string
  readonly instanceUuid?: string
  readonly macs?: readonly string[]
  readonly disks?: readonly DiskSpec[]
  readonly sharedBus?: 'noSharing' | 'virtualSharing' | 'physicalSharing'
  readonly extra?: readonly { readonly key: string; readonly value: string }[]
  /** Below the datacenter's folder of VMs: `a/b`. */
  readonly folder?: string
  /** A cluster that is made for it, and the pool in it: `a/b`. */
  readonly cluster?: string
  readonly pool?: string
  /** `category/name`. */
  readonly tags?: readonly string[]
  /** Whom VMware Tools let in. */
  readonly guest?: { readonly user: string; readonly password: string }
}

export interface DiskSpec {
  readonly uuid?: string
  readonly sizeBytes: number
  readonly mode?: string
  readonly raw?: 'physicalMode' | 'virtualMode'
  readonly multiWriter?: boolean
}

/** One thing that goes wrong; rules.go says what each field means. */
export interface Rule {
  readonly method: string
  readonly where?: 'call' | 'task' | 'before' | 'after'
  readonly fault?: string
  readonly detail?: string
  readonly delayMs?: number
  readonly times?: number
  readonly status?: number
}

export interface SimulatorState {
  /** Calls so far, by method. */
  readonly calls: Readonly<Record<string, number>>
  readonly tasks: Readonly<Record<string, number>>
  /** Tasks that have begun and not ended. */
  readonly underWay: number
  /** Of each VM, by its name. */
  readonly memoryMib: Readonly<Record<string, number>>
  /** Who has logged in and not out. */
  readonly sessions: number
  readonly rules: number
}

export interface SimulatorOptions {
  readonly vms?: readonly VmSpec[]
  /** How many VMs where `vms` is not given. */
  readonly count?: number
  readonly esx?: boolean
  /** By which this server is told from others; a new one unless given. */
  readonly instanceUuid?: string
  /** What stands behind VMs, by their names. */
  readonly machines?: Machines
}

export const USERNAME = 'stillshot@vsphere.local'
export const PASSWORD = 'correct <horse> & "battery"'

/** A vCenter or ESXi host as a process of its own, and the tests' own door to it. */
export interface Simulator {
  readonly url: string
  readonly certificate: Certificate
  readonly authorityPath: string
  /** From now on, until it has happened. */
  rule(rule: Rule): Promise<void>
  clear(): Promise<void>
  /** Changes what a VM, or every datastore, looks like; rules.go has the names. */
  set(settings: Readonly<Record<string, unknown>>): Promise<void>
  /** These privileges are missing from now on. */
  withhold(...privileges: readonly string[]): Promise<void>
  /** Which host, with its port, the addresses of files name; `*` for this one, which they do unless told. */
  filesAt(host: string): Promise<void>
  /** Ends all sessions, as after half an hour without a call. */
  expire(): Promise<void>
  state(): Promise<SimulatorState>
  close(): Promise<void>
}

/** Five thousand VMs take half a minute. */
const START_LIMIT_MS = 180_000

export async function openSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { vms, count = 1, esx = false, instanceUuid = randomUUID(), machines } = options
  const [program, certificate] = await Promise.all([buildSimulator(), sharedCertificate()])
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-vsphere-'))
  const file = (name: string) => join(folder, name)
  await writeFile(file('ca.pem'), certificate.ca)
  await writeFile(file('cert.pem'), certificate.certificate)
  await writeFile(file('key.pem'), certificate.key)
  if (vms !== undefined) await writeFile(file('vms.json'), JSON.stringify(vms))
  const hook = machines === undefined ? undefined : await openMachineHook(machines)
  const child = spawn(
    program,
    ['-cert', file('cert.pem'), '-key', file('key.pem'), '-username', USERNAME, '-password', PASSWORD].concat(
      vms === undefined ? ['-count', String(count)] : ['-vms', file('vms.json')],
      esx ? ['-esx'] : [],
      ['-instance-uuid', instanceUuid],
      hook === undefined ? [] : ['-hook', hook.url],
    ),
    { stdio: ['pipe', 'pipe', 'pipe'] },
  )
  const ended = once(child, 'exit')
  const close = async () => {
    child.kill('SIGTERM')
    await ended
    await hook?.close()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const url = `https://${await addressOf(child)}/sdk`
    const post = (path: string, body: unknown = {}) => control(url, certificate.ca, path, body)
    return {
      ...{ url, certificate, authorityPath: file('ca.pem'), close },
      rule: async (rule) => void (await post('rules', rule)),
      clear: async () => void (await post('clear')),
      set: async (settings) => void (await post('vm', settings)),
      withhold: async (...privileges) => void (await post('privileges', privileges)),
      filesAt: async (host) => void (await post('files', host)),
      expire: async () => void (await post('expire')),
      state: () => post('state'),
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** What the simulator says when it is ready. */
async function addressOf(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let said = ''
  const timer = setTimeout(() => reject(new Error(`the simulator is not ready: ${said}`)), START_LIMIT_MS)
  const hear = (chunk: Buffer) => {
    said += chunk.toString()
    const address = /^READY (\S+)$/m.exec(said)?.[1]
    if (address !== undefined) resolve(address)
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  child.once('exit', (status) => reject(new Error(`the simulator ended with ${status}: ${said}`)))
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}

async function control(url: string, ca: string, path: string, body: unknown): Promise<SimulatorState> {
  const sent = request(new URL(`/lab/${path}`, url), { method: 'POST', ca, agent: false })
  sent.end(JSON.stringify(body))
  const [answer] = await once(sent, 'response')
  const text = (await answer.toArray()).join('')
  if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${text}`)
  return JSON.parse(text)
}
