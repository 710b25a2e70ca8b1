import { cliOnHypervisor } from '../cli-on-hypervisor.ts'
import { labPaths } from '../paths.ts'
import { proxmoxEntry } from '../proxmox/cli-on-stand-in.ts'
import type { LabStandIn, LabStandInOptions } from '../proxmox/lab-stand-in.ts'
import type { StillshotCli } from '../stillshot-cli.ts'
import { type ContainerGuestOptions, containerGuest } from './container-guest.ts'
import { containerOnProxmox } from './container-on-proxmox.ts'
import type { NativeGuest } from './native-guest.ts'
import type { NativeMachine } from './native-machine.ts'

/** A native guest with the helper in it, and stillshot configured for it through a stand-in of Proxmox VE. */
export interface ContainerSubject {
  readonly guest: NativeGuest
  readonly machine: NativeMachine
  readonly pve: LabStandIn
  readonly cli: StillshotCli
  /** Stand-in and guest, with everything of them. Safe twice. */
  close(): Promise<void>
}

export interface ContainerSubjectSettings extends ContainerGuestOptions {
  /** In the VM's entry of the configuration. */
  readonly hold?: string
  /** Lines below the VM's entry, indented by four, and lines at the end of the configuration. */
  readonly vmMore?: string
  readonly more?: string
  readonly standIn?: LabStandInOptions
}

export async function openContainerSubject(
  name: string,
  { hold, vmMore, more, standIn, ...options }: ContainerSubjectSettings = {},
): Promise<ContainerSubject> {
  const guest = await containerGuest(name, options)
  let pve: Awaited<ReturnType<typeof containerOnProxmox>> | undefined
  try {
    pve = await containerOnProxmox(guest, standIn)
    const written = {
      ...(hold === undefined ? {} : { hold }),
      ...(vmMore === undefined ? {} : { vmMore }),
      ...(more === undefined ? {} : { more }),
    }
    const cli = await cliOnHypervisor({ folder: labPaths().folder }, guest, proxmoxEntry(pve), written)
    const { machine } = pve
    const standInOf = pve
    const close = async () => {
      await standInOf.close()
      await guest.destroy()
    }
    return { guest, machine, pve, cli, close }
  } catch (error) {
    await pve?.close()
    await guest.destroy()
    throw error
  }
}
