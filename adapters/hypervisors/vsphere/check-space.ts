import type { Finding } from '../../../src/finding.ts'
import type { Call } from '../../https/call.ts'
import type { Disk } from './hardware.ts'
import { readObjects, type SeenObject } from './properties.ts'
import type { Site } from './site.ts'
import { field, flag, number, type Ref, text } from './values.ts'

const MIB = 1024 ** 2

/** What a snapshot must find free: a twentieth of the disks, 64 MiB at least, 1 GiB at most for each. */
export async function spaceFindings(site: Site, disks: readonly Disk[], call: Call): Promise<readonly Finding[]> {
  const needed = new Map<string, number>()
  const datastores = new Map<string, Ref>()
  for (const { datastore, sizeBytes } of disks) {
    if (datastore === undefined) continue
    datastores.set(datastore.value, datastore)
    const bytes = Math.min(1024 * MIB, Math.max(64 * MIB, sizeBytes / 20))
    needed.set(datastore.value, (needed.get(datastore.value) ?? 0) + bytes)
  }
  const errand = { call, doing: 'look at the datastores' }
  const seen = await readObjects(site.session, [...datastores.values()], ['summary'], errand)
  return [...needed].map(([value, bytes]) =>
    spaceFinding(
      value,
      bytes,
      seen.find(({ object }) => object.value === value),
    ),
  )
}

function spaceFinding(value: string, needed: number, seen: SeenObject | undefined): Finding {
  const summary = seen?.properties.summary
  if (summary === undefined) {
    const hint = 'it needs the role Read-only on the datastore'
    return { severity: 'warn', code: 'not-checked', message: `not checked: free space on ${value}`, hint }
  }
  const name = text(field(summary, 'name'))
  if (!flag(field(summary, 'accessible'))) {
    const message = `datastore ${name} is not accessible`
    return {
      severity: 'refuse',
      code: 'datastore-away',
      message,
      hint: 'bring it back first',
      error: 'hypervisor-refused',
    }
  }
  const free = number(field(summary, 'freeSpace'))
  const mib = (bytes: number) => `${Math.floor(bytes / MIB)} MiB`
  if (free >= needed) {
    return { severity: 'ok', code: 'space', message: `${mib(free)} free on ${name}, ${mib(needed)} needed`, hint: '' }
  }
  const message = `only ${mib(free)} free on ${name}, ${mib(needed)} needed`
  const hint = 'free space there, or remove old restore points'
  return { severity: 'refuse', code: 'space', message, hint, error: 'storage-full' }
}
