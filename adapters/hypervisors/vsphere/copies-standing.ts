import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { readOwnMark } from './clone-mark.ts'
import { decodedName } from './names.ts'
import { readObjects, readVms, type SeenObject } from './properties.ts'
import type { Site } from './site.ts'
import { list, type Ref, ref, text } from './values.ts'

export interface StandingCopy {
  /** As it is called now. */
  readonly name: string
  readonly snapshotName: string
  readonly kept: boolean
}

/**
 * Copies of the VM that may stand on its disks, whatever they are called. Only VMs on its datastores can: the rest of a large site is
 * listed, and its configurations are not read.
 */
export async function copiesStanding(site: Site, vm: Vm, call: Call): Promise<readonly StandingCopy[]> {
  const errand = { call, doing: `look for copies of ${vm.name}` }
  const all = await readVms(site.session, ['config.instanceUuid', 'datastore'], errand)
  const own = all.find(({ properties }) => nativeIdIn({ properties }) === vm.nativeId)
  const places = new Set(datastoresOf(own).map(({ value }) => value))
  const isNear = (other: SeenObject) => {
    const theirs = datastoresOf(other)
    // One that does not say where it lies may lie anywhere.
    return places.size === 0 || theirs.length === 0 || theirs.some(({ value }) => places.has(value))
  }
  const near = all.filter((other) => other !== own && isNear(other)).map(({ object }) => object)
  const seen = await readObjects(site.session, near, ['name', 'config.instanceUuid', 'config.extraConfig'], errand)
  return seen.flatMap(({ properties }) => {
    const name = decodedName(text(properties.name))
    const mark = readOwnMark(properties['config.extraConfig'], { name, nativeId: nativeIdIn({ properties }) })
    if (mark?.source !== vm.nativeId) return []
    return [{ name, snapshotName: mark.snapshotName, kept: mark.kept !== undefined }]
  })
}

function nativeIdIn({ properties }: Pick<SeenObject, 'properties'>): string {
  return text(properties['config.instanceUuid']).toLowerCase()
}

function datastoresOf(seen: SeenObject | undefined): readonly Ref[] {
  return list(seen?.properties.datastore).flatMap((entry) => {
    const own = ref(entry)
    return own === undefined ? [] : [own]
  })
}
