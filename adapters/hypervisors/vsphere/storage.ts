import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Storage } from '../../../src/system/storage.ts'
import type { Call } from '../../https/call.ts'
import { addressesOf } from '../../mounts/mounts.ts'
import { hardwareIn, VM_PATHS } from './find-vm.ts'
import { readObject, readObjects, type SeenObject } from './properties.ts'
import { onVm, type Site } from './site.ts'
import { field, list, type Ref, text, typeOf } from './values.ts'

/** What the disks of the VM lie on, one entry for each datastore. */
export async function storageOfVm(site: Site, vm: Vm, call: Call): Promise<readonly Storage[]> {
  const errand = { call, doing: `look what ${vm.name} lies on` }
  const properties = await onVm(site, vm, call, (object) => readObject(site.session, object, VM_PATHS, errand))
  const { disks } = hardwareIn(properties)
  const datastores = new Map<string, Ref>()
  for (const { datastore } of disks) if (datastore !== undefined) datastores.set(datastore.value, datastore)
  const seen = await readObjects(site.session, [...datastores.values()], ['info', 'summary.name'], errand)
  const found = [...datastores.keys()].map((value) =>
    describeDatastore(
      value,
      seen.find(({ object }) => object.value === value),
    ),
  )
  const without = disks.filter(({ datastore }) => datastore === undefined)
  const odd = without.map(({ id }): Storage => unknown(id, `disk ${id} lies on no datastore`))
  return [...(await Promise.all(found)), ...odd]
}

async function describeDatastore(value: string, seen: SeenObject | undefined): Promise<Storage> {
  const info = seen?.properties.info
  if (info === undefined) {
    return unknown(value, `datastore ${value} may not be seen: it needs the role Read-only on it`)
  }
  const name = text(seen?.properties['summary.name']) || value
  const nas = field(info, 'nas')
  if (nas === undefined) {
    const kind = typeOf(info).replace(/DatastoreInfo$/, '') || 'unknown'
    return unknown(name, `datastore ${name} is of type ${kind}, which does not tell which machine keeps it`)
  }
  // NFS 4.1 has several servers' names for one share; remoteHost is the first of them.
  const server = text(field(nas, 'remoteHost'))
  const others = list(field(nas, 'remoteHostNames')).map(text).filter(Boolean)
  const addresses = await Promise.all(
    [...new Set([server, ...others])].filter(Boolean).map((each) => addressesOf(each)),
  )
  const share = text(field(nas, 'remotePath'))
  const protocol = /^(cifs|smb)/i.test(text(field(nas, 'type'))) ? 'smb' : 'nfs'
  return {
    kind: 'share',
    name: `datastore ${name} (${server}:${share})`,
    protocol,
    server,
    share,
    addresses: addresses.flat(),
  }
}

function unknown(name: string, why: string): Storage {
  return { kind: 'unknown', name, why }
}
