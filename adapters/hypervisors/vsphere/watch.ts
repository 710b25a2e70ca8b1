import type { Vm, VmEvent } from '../../../src/hypervisor/hypervisor.ts'
import { formatInstant } from '../../../src/system/instant.ts'
import { Absence } from './absence.ts'
import type { Properties } from './properties.ts'
import { onVm, type Site } from './site.ts'
import { updates } from './updates.ts'
import { field, text } from './values.ts'

const PATHS = ['runtime.powerState', 'runtime.bootTime', 'runtime.host', 'snapshot']

/**
 * Events are what lies between two states that vSphere tells, so none is lost while it is away for a moment; what begins and
 * ends in between is one event.
 */
export async function* watch(site: Site, vm: Vm, signal: AbortSignal): AsyncGenerator<VmEvent> {
  const call = { signal, changeSent: false }
  const errand = { call, doing: `watch ${vm.name}` }
  const absence = new Absence(site.clock, signal)
  let known: Properties | undefined
  while (!signal.aborted) {
    try {
      const object = await onVm(site, vm, call, async (found) => found)
      for await (const changed of updates(site.session, object, PATHS, errand)) {
        absence.end()
        const now = { ...known, ...changed }
        if (known !== undefined) yield* eventsBetween(known, now, formatInstant(site.clock.now()))
        known = now
      }
    } catch (error) {
      if (signal.aborted) return
      if (!absence.isBearable(error)) throw error
    }
    await absence.pause().catch(() => {})
  }
}

type Change = Pick<VmEvent, 'kind' | 'detail'>

/** What happened from one state to the next. */
export function eventsBetween(before: Properties, now: Properties, at: string): readonly VmEvent[] {
  const changes = [powerChange(before, now), hostChange(before, now), snapshotChange(before, now)]
  return changes.flatMap((change) => (change === undefined ? [] : [{ at, ...change }]))
}

const POWER: Readonly<Record<string, VmEvent['kind']>> = {
  'poweredOff poweredOn': 'started',
  'poweredOn poweredOff': 'stopped',
  'suspended poweredOff': 'stopped',
  'poweredOn suspended': 'paused',
  'suspended poweredOn': 'resumed',
}

function powerChange(before: Properties, now: Properties): Change | undefined {
  const [was, is] = [before, now].map((state) => text(state['runtime.powerState']))
  const kind = POWER[`${was} ${is}`]
  if (was !== is) return { kind: kind ?? 'other', detail: `${was} to ${is}` }
  const [booted, boots] = [before, now].map((state) => text(state['runtime.bootTime']))
  return is === 'poweredOn' && booted !== boots ? { kind: 'reset', detail: `started at ${boots}` } : undefined
}

function hostChange(before: Properties, now: Properties): Change | undefined {
  const [was, is] = [before, now].map((state) => text(state['runtime.host']))
  return was === is ? undefined : { kind: 'migrated', detail: `from ${was} to ${is}` }
}

function snapshotChange(before: Properties, now: Properties): Change | undefined {
  const [was, is] = [before, now].map((state) => text(field(state.snapshot, 'currentSnapshot')))
  return was === is ? undefined : { kind: 'snapshot', detail: is === '' ? 'stands on none' : `stands on ${is}` }
}
