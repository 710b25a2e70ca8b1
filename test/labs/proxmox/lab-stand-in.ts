import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lab } from '../lab.ts'
import type { LabGuest } from '../lab-guest.ts'
import type { Privilege } from './access/privileges.ts'
import type { GuestConfig } from './guests/guest.ts'
import type { GuestKindName } from './guests/guest-kind.ts'
import { labConfig } from './machines/lab-config.ts'
import { LabMachine } from './machines/lab-machine.ts'
import type { Machine } from './machines/machine.ts'
import { openStandIn, type StandIn, type StandInOptions } from './stand-in.ts'

export interface LabStandInOptions extends StandInOptions {
  /** 100 unless given. */
  readonly vmid?: number
  /** The agent's line of the guest's configuration; undefined switches it off. `1` unless given. */
  readonly agent?: string | undefined
  /** What the token may on all guests; looking, snapshots and power unless given. */
  readonly privileges?: readonly Privilege[]
}

/** A stand-in in front of a guest of the lab, and the files that a configuration of stillshot names. */
export interface LabStandIn {
  readonly standIn: StandIn
  readonly vmid: number
  readonly url: string
  /** PEM of the authority. */
  readonly caPath: string
  readonly fingerprint: string
  /** The whole token, `user@realm!name=uuid`, readable by its owner only. */
  readonly tokenPath: string
  close(): Promise<void>
}

const VMID = 100
const USER = 'stillshot@pve'
const TOKEN = `${USER}!lab`
const SECRET = '6f3a0c52-6f0e-4a55-9d6b-3d1c1f1e0a77'
const PRIVILEGES: readonly Privilege[] = ['VM.Audit', 'VM.Snapshot', 'VM.PowerMgmt']

/** The guest must be running or off, and stays as it is; its snapshots of earlier stand-ins are not known to this one. */
export async function openLabStandIn(lab: Lab, guest: LabGuest, options: LabStandInOptions = {}): Promise<LabStandIn> {
  const { config, images } = await labConfig(lab, guest, options.vmid ?? VMID)
  const machine = new LabMachine(lab, guest, images)
  return openStandInBefore({ kind: 'qemu', config, machine, folder: guest.folder }, options)
}

/** What stands behind a stand-in, and the folder of the lab's guest. */
export interface Behind {
  readonly kind: GuestKindName
  readonly config: GuestConfig
  readonly machine: Machine
  readonly folder: string
}

/** As {@link openLabStandIn}, whatever the guest runs on. */
export async function openStandInBefore(behind: Behind, options: LabStandInOptions = {}): Promise<LabStandIn> {
  const { vmid = VMID, privileges = PRIVILEGES, agent, ...rest } = options
  const { kind, machine } = behind
  const config = { ...behind.config }
  if ('agent' in options) {
    delete config.agent
    if (agent !== undefined) config.agent = agent
  }
  const standIn = await openStandIn({
    users: [{ user: 'root@pam', password: 'root' }, { user: USER }],
    tokens: [{ token: TOKEN, secret: SECRET, separated: false }],
    ...rest,
  })
  standIn.grant(USER, '/vms', ...privileges)
  standIn.addGuest({ vmid, kind, config, machine })
  const folder = join(behind.folder, 'pve')
  const [caPath, tokenPath] = [join(folder, 'ca.pem'), join(folder, 'token')]
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(caPath, standIn.certificate.ca)
  await writeFile(tokenPath, `${TOKEN}=${SECRET}\n`, { mode: 0o600 })
  const { fingerprint } = standIn.certificate
  return { standIn, vmid, url: standIn.url, caPath, fingerprint, tokenPath, close: () => standIn.close() }
}
