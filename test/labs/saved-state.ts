import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Accelerator } from './accelerator.ts'
import { runCommand } from './command.ts'
import { domainXml } from './domain.ts'
import { freePort } from './free-port.ts'
import { LabGuest, readGuest, writeGuest } from './lab-guest.ts'
import type { LabPaths } from './paths.ts'
import { removeDomain, type Virsh } from './virsh.ts'

/**
 * A booted guest with a running MariaDB, saved once: its RAM and the disks that belong to that RAM. Guests are resumed
 * from it with disks of their own that stand on these, which nobody writes any more.
 */
export interface SavedState {
  readonly memory: string
  readonly vda: string
  readonly vdb: string
  /** SMBIOS UUID of the guest that was saved. */
  readonly uuid: string
}

/** The saved guest's name, as long as a guest's name may be: a resumed guest's takes its place in the file. */
export const SAVED_NAME = 'saved-once-and-resumed-for-each-test'

export interface SavedStateOptions {
  readonly paths: LabPaths
  readonly virsh: Virsh
  readonly accelerator: Accelerator
  /** What names the image, from ensureImage(). */
  readonly image: string
  readonly log: (line: string) => void
}

/** Gives the saved state; boots a guest and saves it when there is none for this image, QEMU and domain. */
export async function ensureSavedState(options: SavedStateOptions): Promise<SavedState> {
  const folder = options.paths.state
  const key = await stateKey(options)
  const made = await readFile(join(folder, 'state.json'), 'utf8').catch(() => undefined)
  if (made !== undefined) {
    const { key: madeFor, uuid } = JSON.parse(made) as { key: string; uuid: string }
    if (madeFor === key) return stateIn(folder, uuid)
  }
  options.log(`booting the guest once (${options.accelerator}) and saving it`)
  await removeGuests(options)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const uuid = randomUUID()
  await bootAndSave(options, stateIn(folder, uuid))
  await writeFile(join(folder, 'state.json.new'), JSON.stringify({ key, uuid }))
  await rename(join(folder, 'state.json.new'), join(folder, 'state.json'))
  return stateIn(folder, uuid)
}

/** Guests of an earlier state go with it: their disks stand on disks that are about to be made anew. */
async function removeGuests({ paths, virsh }: SavedStateOptions): Promise<void> {
  for (const name of await readdir(paths.guests).catch(() => [])) {
    const facts = await readGuest(join(paths.guests, name))
    // By UUID: another lab folder may have a guest of this name.
    if (facts) await removeDomain(virsh, facts.uuid)
    await rm(join(paths.guests, name), { recursive: true, force: true })
  }
}

async function bootAndSave(options: SavedStateOptions, state: SavedState): Promise<void> {
  const { paths, virsh } = options
  const folder = join(paths.state, 'guest')
  const facts = { name: SAVED_NAME, uuid: state.uuid, sshPort: await freePort(), folder, imageFolder: paths.image }
  await writeGuest(facts)
  await overlay(join(paths.image, 'base.raw'), 'raw', state.vda)
  await overlay(join(paths.image, 'data.raw'), 'raw', state.vdb)
  const guest = new LabGuest(facts, virsh)
  const xml = join(folder, 'domain.xml')
  await writeFile(
    xml,
    domainXml({
      ...facts,
      accelerator: options.accelerator,
      rootDisk: state.vda,
      dataDisk: state.vdb,
      consoleLog: guest.consolePath,
      asRoot: process.getuid?.() === 0,
    }),
  )
  await removeDomain(virsh, guest.domain)
  try {
    await virsh.run(['define', xml])
    await guest.powerOn()
    await guest.ready()
    // Less RAM to save and to load: what was read for the boot alone is forgotten.
    await guest.run('systemctl is-system-running --wait; sync; echo 3 > /proc/sys/vm/drop_caches', {
      timeoutMs: 120_000,
    })
    await virsh.run(['save', guest.domain, state.memory], 120_000)
  } finally {
    await guest.destroy()
  }
}

/** Makes a disk that stands on `backing`. */
export async function overlay(backing: string, format: 'raw' | 'qcow2', file: string): Promise<void> {
  await runCommand('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', format, '-b', backing, file], {
    timeoutMs: 30_000,
  })
}

async function stateKey(options: SavedStateOptions): Promise<string> {
  const qemu = await runCommand('qemu-system-x86_64', ['--version'], { timeoutMs: 10_000 })
  const nowhere = { name: '', uuid: '', rootDisk: '', dataDisk: '', consoleLog: '', sshPort: 0, asRoot: false }
  // The folder is part of it: the saved disks name their backing files by path.
  const domain = domainXml({ ...nowhere, accelerator: options.accelerator, imageFolder: options.paths.image })
  return createHash('sha256').update([options.image, qemu, domain].join('\n')).digest('hex')
}

function stateIn(folder: string, uuid: string): SavedState {
  return { memory: join(folder, 'memory'), vda: join(folder, 'vda.qcow2'), vdb: join(folder, 'vdb.qcow2'), uuid }
}
