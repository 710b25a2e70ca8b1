import { type FSWatcher, statSync, watch } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { LibvirtHypervisor } from '../../../adapters/hypervisors/libvirt/libvirt-hypervisor.ts'
import type { Lab } from '../../labs/lab.ts'
import type { LabGuest } from '../../labs/lab-guest.ts'
import type { Ground, GroundCopy, GroundSnapshot } from '../ground.ts'
import { SHORTEST_TTL_MS } from '../time-to-live.ts'

/** A fresh emulated guest of this name on the lab's libvirt; takes some seconds. */
export async function libvirtGround(lab: Lab, name: string): Promise<Ground> {
  const guest = await lab.guest(name)
  await prefer(guest)
  const overlays = new Overlays(guest.folder)
  const names = () => snapshotNames(lab, guest)
  return {
    name: 'libvirt',
    guest,
    entry: { name: 'lab', line: `lab: { kind: libvirt, uri: "${lab.uri}" }`, id: guest.domain },
    shortestTtlMs: SHORTEST_TTL_MS,
    observer: async () => guest.consolePath,
    inside: (command) => guest.try(command),
    snapshots: () => snapshotsOf(lab, guest),
    pointInTimeMs: async (snapshot) => overlays.madeMs(snapshot),
    copies: () => copiesOf(lab, guest),
    clean: () => clean(lab, guest, names),
    setClock: () => guest.setClock(),
    destroy: async () => {
      overlays.close()
      await guest.destroy()
    },
  }
}

async function snapshotNames(lab: Lab, { domain }: LabGuest): Promise<readonly string[]> {
  return wordsOf(await lab.virsh(['snapshot-list', domain, '--name']))
}

async function snapshotsOf(lab: Lab, guest: LabGuest): Promise<readonly GroundSnapshot[]> {
  const names = await snapshotNames(lab, guest)
  const text = (name: string) => lab.virsh(['snapshot-dumpxml', guest.domain, name])
  return Promise.all(names.map(async (name) => ({ name, text: await text(name) })))
}

/** All overlays of a snapshot are made within this. */
const MAKING_MS = 10_000

/**
 * When the last overlay of each snapshot was made, by this machine's file system; from when it appears, since a roll back takes the
 * newest overlay away and leaves its snapshot.
 */
class Overlays {
  readonly #madeMs = new Map<string, { first: number; last: number }>()
  readonly #watcher: FSWatcher

  constructor(folder: string) {
    this.#watcher = watch(folder, (_, name) => {
      const [snapshot] = /stillshot-[0-9A-Z]{26}/.exec(name ?? '') ?? []
      if (name === null || snapshot === undefined) return
      const born = statSync(join(folder, name), { throwIfNoEntry: false })?.birthtimeMs
      if (born === undefined) return
      const { first, last } = this.#madeMs.get(snapshot) ?? { first: born, last: born }
      // What a roll back makes later may carry the name, too.
      if (born <= first + MAKING_MS) this.#madeMs.set(snapshot, { first, last: Math.max(last, born) })
    })
  }

  madeMs(snapshot: string): number | undefined {
    const made = this.#madeMs.get(snapshot)
    return made === undefined ? undefined : made.last - performance.timeOrigin
  }

  close(): void {
    this.#watcher.close()
  }
}

async function copiesOf(lab: Lab, guest: LabGuest): Promise<readonly GroundCopy[]> {
  const found: GroundCopy[] = []
  for (const name of wordsOf(await lab.virsh(['list', '--all', '--name']))) {
    if (name === guest.domain) continue
    const xml = await lab.virsh(['dumpxml', name, '--inactive']).catch(() => '')
    if (!xml.includes('urn:stillshot:clone') || !xml.includes(guest.uuid)) continue
    found.push({ name, kept: / kept=/.test(xml) })
  }
  return found
}

async function clean(lab: Lab, guest: LabGuest, names: () => Promise<readonly string[]>): Promise<boolean> {
  const hypervisor = new LibvirtHypervisor({ name: 'lab', uri: lab.uri })
  try {
    const vm = await hypervisor.findVm(guest.domain)
    for (const copy of await hypervisor.clones.listKept()) {
      if (copy.source === vm.nativeId) await hypervisor.clones.removeKept(copy)
    }
    for (const name of (await names()).toReversed()) await hypervisor.removeSnapshot(vm, name)
  } finally {
    await hypervisor.close()
  }
  return !(await lab.virsh(['domblklist', guest.domain])).includes('stillshot-0')
}

/** An emulated guest that waits for a processor is slower than any forecast: it goes before what else this machine does. */
async function prefer({ domain }: LabGuest): Promise<void> {
  const pid = Number(await readFile(`/run/libvirt/qemu/${domain}.pid`, 'utf8').catch(() => ''))
  if (pid === 0) return
  // Where sessions share the processors evenly, all guests of one libvirtd are one session.
  await writeFile(`/proc/${pid}/autogroup`, '-8').catch(() => {})
  // Each processor of the guest is a thread of its own.
  for (const thread of await readdir(`/proc/${pid}/task`)) setPriority(Number(thread), -10)
}

function wordsOf(lines: string): readonly string[] {
  return lines
    .split('\n')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}
