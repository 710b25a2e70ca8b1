import type { Finding } from '../../../src/finding.ts'
import type { CloneRequest } from '../../../src/hypervisor/clones.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { methodFindings } from './check-methods.ts'
import { CLONE_RIGHTS, rightsFindings, rightsOn } from './check-rights.ts'
import { spaceFindings } from './check-space.ts'
import { placeOf } from './create-clone.ts'
import { candidates } from './find-clone.ts'
import { readHardware } from './hardware.ts'
import { readObject } from './properties.ts'
import type { Site } from './site.ts'
import { readTree, snapshotNamed } from './snapshot-tree.ts'
import type { Ref } from './values.ts'

/** Whether a copy can be made; free memory is not looked at, because vSphere chooses the host when the copy is started. */
export async function checkClone(
  site: Site,
  vm: Vm,
  { snapshotName, as }: CloneRequest,
  call: Call,
): Promise<readonly Finding[]> {
  const errand = { call, doing: `look whether ${vm.name} can be copied at ${snapshotName}` }
  const snapshot = snapshotNamed(vm, await readTree(site, vm, call), snapshotName)
  if (!(await site.session.open(errand)).isVcenter) return [noVcenter(site)]
  const place = await placeOf(site, vm, call)
  const hardware = await readObject(site.session, snapshot.object, ['config.hardware.device'], errand)
  const { disks } = readHardware(hardware['config.hardware.device'], false)
  const { folder, pool } = place
  if (folder === undefined) return [noFolder(vm)]
  const datastores = new Map(disks.flatMap(({ datastore }) => (datastore ? [[datastore.value, datastore]] : [])))
  const places = [
    {
      object: folder,
      name: `the folder of ${vm.name}`,
      needed: [...CLONE_RIGHTS.folder, ...(as === undefined ? [] : CLONE_RIGHTS.keep)],
    },
    ...(pool ? [{ object: pool, name: `the resource pool of ${vm.name}`, needed: CLONE_RIGHTS.pool }] : []),
    ...[...datastores.values()].map((object) => ({
      object,
      name: `datastore ${object.value}`,
      needed: CLONE_RIGHTS.datastore,
    })),
  ]
  const findings = await Promise.all([
    rightsFindings(site, vm, CLONE_RIGHTS.vm, call),
    ...places.map(({ needed, ...object }) => rightsOn(site, object, needed, call)),
    insideFindings(site, { object: folder, name: `the folder of ${vm.name}` }, call),
    methodFindings(site, vm, 'CloneVM_Task', call),
    spaceFindings(site, disks, call),
    nameFindings(site, as, call),
  ])
  return findings.flat()
}

async function nameFindings(site: Site, as: string | undefined, call: Call): Promise<readonly Finding[]> {
  if (as === undefined || (await candidates(site, (name) => name === as, call)).length === 0) return []
  const message = `there is a VM ${as} already`
  return [{ severity: 'refuse', code: 'name-taken', message, hint: 'take another name', error: 'hypervisor-refused' }]
}

/** Linked clones are made on every datastore; what keeps the VM from being copied is where it is registered. */
export async function checkStorage(site: Site, vm: Vm, call: Call): Promise<readonly Finding[]> {
  const errand = { call, doing: `look whether ${vm.name} can be copied` }
  if (!(await site.session.open(errand)).isVcenter) return [noVcenter(site)]
  return (await placeOf(site, vm, call)).folder === undefined ? [noFolder(vm)] : []
}

/** Whoever only keeps the copy does not look into it, so what is missing for that refuses nothing. */
async function insideFindings(
  site: Site,
  folder: { readonly object: Ref; readonly name: string },
  call: Call,
): Promise<readonly Finding[]> {
  const findings = await rightsOn(site, folder, CLONE_RIGHTS.inside, call)
  return findings.map(({ error: _, ...finding }) =>
    finding.severity === 'ok'
      ? finding
      : { ...finding, severity: 'warn', message: `${finding.message}: a drill cannot look into the copy` },
  )
}

function noFolder({ name }: Vm): Finding {
  return {
    severity: 'refuse',
    code: 'copy-no-folder',
    message: `vSphere shows no folder in which a copy of ${name} could lie`,
    hint: 'the VM is in a vApp, or the user lacks the role Read-only on the folder',
    error: 'not-supported',
  }
}

function noVcenter({ name }: Site): Finding {
  return {
    severity: 'refuse',
    code: 'copy-needs-vcenter',
    message: `${name} is an ESXi host by itself, and only vCenter copies VMs`,
    hint: 'name the vCenter that manages the host, under hypervisors:',
    error: 'not-supported',
  }
}
