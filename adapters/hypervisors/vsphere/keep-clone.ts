import { StillshotError } from '../../../src/errors.ts'
import type { KeptCopy } from '../../../src/hypervisor/clones.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { type CloneMark, markLine, readOwnMark } from './clone-mark.ts'
import { candidates, cloneNamed } from './find-clone.ts'
import { decodedName, encodedName } from './names.ts'
import { powerOf } from './power.ts'
import { readVms } from './properties.ts'
import { destroyClone, LOOK_PAUSE_MS, LOOKS } from './remove-clone.ts'
import type { Site } from './site.ts'
import { runVmTask } from './tasks.ts'
import { type Ref, text } from './values.ts'
import { isCode } from './vsphere-errors.ts'

/** One request: name and mark change together. The same again is the same. */
export async function keepClone(
  site: Site,
  vm: Vm,
  { name, as }: { readonly name: string; readonly as: string },
  call: Call,
): Promise<void> {
  const errand = { call, doing: `keep ${name}, a copy of ${vm.name}, as ${as}` }
  for (let look = 1; ; look += 1) {
    const copy = await cloneNamed(site, vm, name, call)
    if (copy?.mark === undefined) {
      const kept = (await readKept(site, call)).some(({ mark }) => mark.name === name && mark.source === vm.nativeId)
      if (kept) return
      throw new StillshotError('hypervisor-refused', `${errand.doing}: there is no such copy`)
    }
    if (as !== name && (await candidates(site, (each) => each === as, call)).length > 0) {
      throw new StillshotError('hypervisor-refused', `${errand.doing}: there is a VM of that name already`)
    }
    const extraConfig = markLine({ ...copy.mark, kept: copy.nativeId })
    const task = { operation: 'ReconfigVM_Task', fields: { spec: { name: encodedName(as), extraConfig } } } as const
    try {
      return await runVmTask(site, { ...vm, nativeId: copy.nativeId, name }, errand, task)
    } catch (error) {
      if (!isCode(error, 'answer-lost') || call.signal.aborted || look >= LOOKS) throw error
      await site.clock.sleep(LOOK_PAUSE_MS, call.signal)
    }
  }
}

export async function listKept(site: Site, call: Call): Promise<readonly KeptCopy[]> {
  return (await readKept(site, call)).map(({ object: _object, mark, ...copy }) => {
    const { name: id, source, snapshotName } = mark
    return { ...copy, id, source, snapshotName }
  })
}

interface Kept extends Pick<KeptCopy, 'nativeId' | 'name' | 'power'> {
  readonly object: Ref
  readonly mark: CloneMark
}

async function readKept(site: Site, call: Call): Promise<readonly Kept[]> {
  const paths = ['name', 'config.instanceUuid', 'config.extraConfig', 'runtime.powerState']
  const all = await readVms(site.session, paths, { call, doing: `look for copies that are kept on ${site.name}` })
  return all.flatMap(({ object, properties }) => {
    const name = decodedName(text(properties.name))
    const nativeId = text(properties['config.instanceUuid']).toLowerCase()
    const mark = readOwnMark(properties['config.extraConfig'], { name, nativeId })
    if (mark?.kept === undefined) return []
    return [{ object, mark, name, nativeId, power: powerOf(properties['runtime.powerState']) }]
  })
}

export async function removeKept(site: Site, { nativeId, id, name }: KeptCopy, call: Call): Promise<void> {
  const errand = { call, doing: `remove the copy ${name}` }
  for (let look = 1; ; look += 1) {
    const found = (await readKept(site, call)).find((each) => each.nativeId === nativeId)
    if (found === undefined) return assertGone(site, { nativeId, name }, call)
    if (found.mark.name !== id) throw notOurs(name)
    try {
      return await destroyClone(site, found.object, errand)
    } catch (error) {
      if (isCode(error, 'vm-not-found')) return
      if (!isCode(error, 'answer-lost') || call.signal.aborted || look >= LOOKS) throw error
      await site.clock.sleep(LOOK_PAUSE_MS, call.signal)
    }
  }
}

/** A VM that has lost its mark is not a missing one. */
async function assertGone(
  site: Site,
  { nativeId, name }: Pick<KeptCopy, 'nativeId' | 'name'>,
  call: Call,
): Promise<void> {
  const all = await readVms(site.session, ['config.instanceUuid'], { call, doing: `look for ${name}` })
  if (all.some(({ properties }) => text(properties['config.instanceUuid']).toLowerCase() === nativeId))
    throw notOurs(name)
}

function notOurs(name: string): StillshotError {
  return new StillshotError('hypervisor-refused', `${name} does not say that it is a copy that stillshot keeps`)
}
