import type { Finding } from '../../../src/finding.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import { formatInstant } from '../../../src/system/instant.ts'
import type { Call } from '../../https/call.ts'
import { methodFindings } from './check-methods.ts'
import { ROLL_BACK_RIGHTS, rightsFindings } from './check-rights.ts'
import { stateFindings } from './check-snapshot.ts'
import { hardwareIn, VM_PATHS } from './find-vm.ts'
import { readHardware } from './hardware.ts'
import { type Properties, readObject } from './properties.ts'
import { onVm, type Site } from './site.ts'
import { readTree, snapshotNamed, type TreeSnapshot } from './snapshot-tree.ts'

const VM_STATE = [...VM_PATHS, 'runtime.connectionState', 'runtime.faultToleranceState']

/** What a roll back would lose or change, or why it cannot be done. `snapshot-not-found` when it is gone. */
export async function checkRollBack(site: Site, vm: Vm, snapshotName: string, call: Call): Promise<readonly Finding[]> {
  const snapshot = snapshotNamed(vm, await readTree(site, vm, call), snapshotName)
  const errand = { call, doing: `look at ${vm.name} and its snapshot ${snapshotName}` }
  const [now, before, rights, methods] = await Promise.all([
    onVm(site, vm, call, (object) => readObject(site.session, object, VM_STATE, errand)),
    readObject(site.session, snapshot.object, ['config.hardware.device'], errand),
    rightsFindings(site, vm, ROLL_BACK_RIGHTS, call),
    methodFindings(site, vm, 'RevertToSnapshot_Task', call),
  ])
  return [
    ...rights.filter(({ severity }) => severity !== 'ok'),
    ...stateFindings(vm, now).filter(({ severity }) => severity === 'refuse'),
    ...methods,
    ...memoryFindings(snapshot),
    ...diskFindings(now, before),
    {
      severity: 'warn',
      code: 'configuration-replaced',
      message: 'the settings of the VM go back, too: processors, memory, network cards',
      hint: 'set again what was changed since and is still wanted',
    },
    {
      severity: 'warn',
      code: 'writes-lost',
      message: `what ${vm.name} wrote since ${formatInstant(snapshot.createdAt)} is lost unless a snapshot holds it`,
      hint: 'take a safety snapshot first',
    },
  ]
}

function memoryFindings({ name, withMemory }: TreeSnapshot): readonly Finding[] {
  if (!withMemory) return []
  return [
    {
      severity: 'refuse',
      code: 'snapshot-with-memory',
      message: `snapshot ${name} holds the memory too: vSphere would let the VM run on from it`,
      hint: 'roll back to it in vSphere itself; a database in it goes on where it was',
      error: 'not-supported',
    },
  ]
}

function diskFindings(now: Properties, before: Properties): readonly Finding[] {
  const kept = readHardware(before['config.hardware.device'], false).disks
  const { disks } = hardwareIn(now)
  const added = disks.filter(({ id }) => kept.every((disk) => disk.id !== id))
  const apart = disks.filter(({ covered }) => !covered)
  const findings: Finding[] = []
  if (added.length > 0) {
    const message = `not in the snapshot and taken out of the VM: ${added.map(({ id }) => id).join(', ')}`
    const hint = 'their files stay on the datastore and can be added again'
    findings.push({ severity: 'warn', code: 'disk-not-in-snapshot', message, hint })
  }
  if (apart.length > 0) {
    const message = `not rolled back, because no snapshot contains it: ${apart.map(({ id }) => id).join(', ')}`
    const hint = 'what is on it stays as it is now'
    findings.push({ severity: 'warn', code: 'disk-stays', message, hint })
  }
  return findings
}
