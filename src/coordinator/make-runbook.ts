import { formatInstant } from '../system/instant.ts'
import type { Ports, VmSettings } from './ports.ts'
import { SAFETY_BY_HAND } from './restore-plan.ts'
import { recommended, restorablePoints } from './restore-points.ts'
import type { Runbook, RunbookPoint } from './runbook.ts'

/** Everything that the runbook of a VM says, as it is now; changes nothing. */
export async function makeRunbook(
  ports: Ports,
  settings: VmSettings,
  { signal }: { signal: AbortSignal },
): Promise<Runbook> {
  const { hypervisor, system } = ports
  const vm = await hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
  const points = await restorablePoints(ports, settings, vm, signal)
  const { nativeId, name, uuid } = vm
  const { host, port, user } = settings.guest
  return {
    version: 1,
    vm: settings.name,
    writtenAt: formatInstant(system.clock.now()),
    machine: { hypervisor: vm.hypervisor, kind: hypervisor.kind, nativeId, name, uuid },
    guest: { host, port, user },
    profile: settings.profile.name,
    safetySnapshot: hypervisor.byHand(vm, 'create-snapshot', SAFETY_BY_HAND),
    powerOn: hypervisor.byHand(vm, 'power-on', ''),
    recommended: recommended(points.map(({ point }) => point))?.id ?? null,
    points: points.map(({ point, newer }) => {
      const { id, snapshot, createdAt, kind, grade, reasons, evidence } = point
      const rollBack = hypervisor.byHand(vm, 'roll-back', snapshot)
      return { id, snapshot, createdAt, kind, grade, reasons, newer, rollBack, ...heldIn(evidence, settings) }
    }),
  }
}

/** What the hold of the point saw; of a point without one, what the profile names. */
function heldIn(evidence: unknown, { profile }: VmSettings): Pick<RunbookPoint, 'markers' | 'units'> {
  const hold = (evidence as { hold?: unknown } | null)?.hold
  const { markers, components } = { markers: [], components: [], ...(typeof hold === 'object' ? hold : {}) } as Held
  const units = components.flatMap(({ unit }) => (typeof unit === 'string' ? [unit] : []))
  return {
    markers: markers.flatMap(({ path }) => (typeof path === 'string' && path !== '' ? [path] : [])),
    units: units.length > 0 ? units : profile.components.flatMap(({ kind, unit }) => (kind === 'role' ? [] : [unit])),
  }
}

interface Held {
  readonly markers: readonly { readonly path?: unknown }[]
  readonly components: readonly { readonly unit?: unknown }[]
}
