import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { LibvirtHypervisor } from '../../../../adapters/hypervisors/libvirt/libvirt-hypervisor.ts'
import type { HypervisorUnderTest } from '../../../conformance/hypervisor/under-test.ts'
import { DOMAIN_PREFIX } from '../../../labs/domain.ts'
import { ensureLibvirt } from '../../../labs/libvirt.ts'
import { labPaths } from '../../../labs/paths.ts'
import { type TinyVm, type TinyVmOptions, tinyVm } from './tiny-vm.ts'

/**
 * The libvirt that these tests talk to: the lab's, or the one of `STILLSHOT_LIBVIRT_URI`, which sees the folder of
 * `STILLSHOT_LIBVIRT_FOLDER` under the same path. So the same tests run against another version in a chroot.
 */
export async function testLibvirt(): Promise<Pick<TinyVmOptions, 'uri' | 'parent'>> {
  const { STILLSHOT_LIBVIRT_URI: uri, STILLSHOT_LIBVIRT_FOLDER: parent } = process.env
  return { uri: uri ?? (await ensureLibvirt(labPaths())), ...(parent === undefined ? {} : { parent }) }
}

export interface LibvirtUnderTest extends HypervisorUnderTest {
  readonly hypervisor: LibvirtHypervisor
  readonly tiny: TinyVm
}

export async function openLibvirt(options: Omit<TinyVmOptions, 'uri'> = {}): Promise<LibvirtUnderTest> {
  const tiny = await tinyVm({ ...(await testLibvirt()), ...options })
  const hypervisor = new LibvirtHypervisor({ name: 'kvm', uri: tiny.uri })
  const others: string[] = []
  try {
    return {
      hypervisor,
      tiny,
      vm: await hypervisor.findVm(tiny.uuid),
      write: tiny.write,
      read: tiny.read,
      readClone: (clone, disk) => tiny.readOf(clone.uuid, disk),
      stop: tiny.stop,
      storage: tiny.files,
      makeAmbiguous: async () => {
        others.push(await defineNamed(tiny, tiny.uuid))
        return tiny.uuid
      },
      close: async () => {
        await hypervisor.close()
        for (const other of others) await tiny.virsh('undefine', other)
        await tiny.remove()
      },
    }
  } catch (error) {
    await hypervisor.close()
    await tiny.remove()
    throw error
  }
}

/** A second domain, without disks, that somebody gave the first one's UUID as its name. Gives its own UUID. */
async function defineNamed(tiny: TinyVm, name: string): Promise<string> {
  const uuid = randomUUID()
  const path = `${tiny.folder}/other.xml`
  const description = `<description>${DOMAIN_PREFIX}tiny</description>`
  const os = `<os><type arch='x86_64' machine='pc'>hvm</type></os>`
  await writeFile(
    path,
    `<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid>${description}<memory>16384</memory>${os}</domain>`,
  )
  await tiny.virsh('define', path)
  await rm(path)
  return uuid
}
