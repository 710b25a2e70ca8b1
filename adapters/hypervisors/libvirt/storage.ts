import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import type { Storage } from '../../../src/system/storage.ts'
import { storageOfPath } from '../../mounts/storage-of-path.ts'
import { isOutByChoice } from './coverage.ts'
import { readDomain } from './domain-xml.ts'
import type { LibvirtHost } from './host.ts'

/** What the images of the VM lie on, and everything that they stand on. Images of another machine cannot be looked at. */
export async function storageOfVm(
  { session, local, uri }: LibvirtHost,
  vm: Vm,
  options: CallOptions = {},
): Promise<readonly Storage[]> {
  const [xml = ''] = await session.run([['dumpxml', vm.nativeId]], { ...options, doing: `look at ${vm.name}` })
  const disks = readDomain(xml).disks.filter((disk) => !isOutByChoice(disk))
  const found = await Promise.all(
    disks.map(async ({ target, type, chain }): Promise<readonly Storage[]> => {
      if (chain.length === 0) {
        return [{ kind: 'unknown', name: target, why: `disk ${target} is of type ${type}, which no path leads to` }]
      }
      if (local) return Promise.all(chain.map((path) => storageOfPath(path)))
      return [{ kind: 'unknown', name: target, why: `the images are files of another machine (${uri})` }]
    }),
  )
  return found.flat()
}
