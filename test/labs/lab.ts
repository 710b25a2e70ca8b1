import { randomUUID } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Accelerator, findAccelerator } from './accelerator.ts'
import { domainXml, nameElement } from './domain.ts'
import { freePort } from './free-port.ts'
import { ensureImage } from './image.ts'
import { LabGuest, type LabGuestFacts, readGuest, writeGuest } from './lab-guest.ts'
import { ensureLibvirt } from './libvirt.ts'
import { withLock } from './lock.ts'
import { copyReplacing } from './memory-image.ts'
import { type LabPaths, labPaths } from './paths.ts'
import { ensureSavedState, overlay, SAVED_NAME, type SavedState } from './saved-state.ts'
import { removeDomain, type Virsh, virshOf } from './virsh.ts'

export interface LabOptions {
  /** Takes a line of progress; stderr unless given. */
  readonly log?: (line: string) => void
}

/** The lab, ready to make guests: image, libvirt and saved state are there. */
export interface Lab {
  /** libvirt's connection URI, for stillshot's own configuration. */
  readonly uri: string
  readonly folder: string
  readonly accelerator: Accelerator
  /** One virsh command of its own process, for what a test arranges or looks at behind stillshot's back. */
  virsh(args: readonly string[], timeoutMs?: number): Promise<string>
  /**
   * Makes a guest and resolves when MariaDB answers in it. One of the same name, left by an earlier process, is
   * destroyed first. `resume` (the default) takes seconds and gives a guest that booted some time ago; `cold` boots it.
   */
  guest(name: string, options?: { boot?: 'resume' | 'cold' }): Promise<LabGuest>
  /** The guest of this name that some process made, running or not; undefined when there is none. */
  find(name: string): Promise<LabGuest | undefined>
}

/** Makes sure that everything is there; the first time takes minutes, later ones about a second. */
export async function openLab(options: LabOptions = {}): Promise<Lab> {
  const paths = labPaths()
  const log = options.log ?? ((line) => process.stderr.write(`lab: ${line}\n`))
  await mkdir(paths.folder, { recursive: true })
  return withLock(join(paths.folder, 'lock'), async () => {
    const image = await ensureImage(paths)
    const virsh = virshOf(await ensureLibvirt(paths))
    const accelerator = await findAccelerator()
    const state = await ensureSavedState({ paths, virsh, accelerator, image, log })
    return {
      uri: virsh.uri,
      folder: paths.folder,
      accelerator,
      virsh: (args, timeoutMs) => virsh.run(args, timeoutMs),
      guest: (name, { boot = 'resume' } = {}) =>
        boot === 'cold'
          ? coldBoot({ paths, virsh, accelerator, state }, name)
          : resume({ paths, virsh, accelerator, state }, name),
      find: async (name) => {
        const facts = await readGuest(join(paths.guests, name))
        return facts && new LabGuest(facts, virsh)
      },
    }
  })
}

interface Parts {
  readonly paths: LabPaths
  readonly virsh: Virsh
  readonly accelerator: Accelerator
  readonly state: SavedState
}

async function coldBoot(parts: Parts, name: string): Promise<LabGuest> {
  const { guest } = await define(parts, name, {
    vda: join(parts.paths.image, 'base.raw'),
    vdb: join(parts.paths.image, 'data.raw'),
    format: 'raw',
  })
  await guest.powerOn()
  await guest.ready()
  return guest
}

async function resume(parts: Parts, name: string): Promise<LabGuest> {
  const { state, virsh } = parts
  const { guest, xml } = await define(parts, name, { ...state, format: 'qcow2' })
  const memory = join(guest.folder, 'memory')
  const savedName = nameElement(SAVED_NAME)
  const [names, uuids] = await copyReplacing(state.memory, memory, [
    // Spaces after the element keep the length.
    { old: savedName, new: nameElement(name).padEnd(savedName.length) },
    { old: state.uuid, new: guest.uuid },
  ])
  // The UUID stands in libvirt's header and in the kernel's memory.
  if (names !== 1 || (uuids ?? 0) < 2) {
    throw new Error(`${state.memory} does not show who was saved: does libvirt's save_image_format compress it?`)
  }
  await virsh.run(['restore', memory, '--xml', xml, '--running'], 120_000)
  await rm(memory)
  await guest.setClock()
  await guest.ready(60_000)
  return guest
}

/** A domain that is off, with fresh disks that stand on the given ones. */
async function define(
  parts: Parts,
  name: string,
  backing: { vda: string; vdb: string; format: 'raw' | 'qcow2' },
): Promise<{ guest: LabGuest; xml: string }> {
  if (!/^[a-z0-9-]+$/.test(name) || name.length > SAVED_NAME.length) {
    throw new Error(`a guest's name has up to ${SAVED_NAME.length} of a-z, 0-9 and -, not ${name}`)
  }
  const folder = join(parts.paths.guests, name)
  const facts: LabGuestFacts = {
    name,
    uuid: randomUUID(),
    sshPort: await freePort(),
    folder,
    imageFolder: parts.paths.image,
  }
  const guest = new LabGuest(facts, parts.virsh)
  await removeDomain(parts.virsh, guest.domain)
  await rm(folder, { recursive: true, force: true })
  await writeGuest(facts)
  await overlay(backing.vda, backing.format, guest.diskPaths.vda)
  await overlay(backing.vdb, backing.format, guest.diskPaths.vdb)
  const xml = join(folder, 'domain.xml')
  await writeFile(
    xml,
    domainXml({
      ...facts,
      accelerator: parts.accelerator,
      rootDisk: guest.diskPaths.vda,
      dataDisk: guest.diskPaths.vdb,
      consoleLog: guest.consolePath,
      asRoot: process.getuid?.() === 0,
    }),
  )
  await parts.virsh.run(['define', xml])
  return { guest, xml }
}
