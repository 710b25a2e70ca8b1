import { execFile } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DOMAIN_PREFIX } from '../../../labs/domain.ts'

const run = promisify(execFile)

/** Both disks begin as empty images of this size. */
const DISK_BYTES = 16 * 1024 ** 2
/** What a write covers; far less than a cluster, so that merges have to merge. */
const WRITE_BYTES = 512

/** A domain without an operating system: QEMU sits in its BIOS, and the disks are real. */
export interface TinyVm {
  readonly uri: string
  readonly name: string
  readonly uuid: string
  readonly folder: string
  /** Runs virsh with these words on the lab's libvirt. */
  virsh(...words: readonly string[]): Promise<string>
  write(disk: string, value: number): Promise<void>
  read(disk: string): Promise<number>
  /** The same of another domain, which is off. */
  readOf(domain: string, disk: string): Promise<number>
  stop(): Promise<void>
  /** Path of the disk's active image. */
  image(disk: string): Promise<string>
  files(): Promise<readonly string[]>
  /** Takes everything away, whatever state it is in. */
  remove(): Promise<void>
}

export interface TinyVmOptions {
  readonly uri: string
  /** A third disk, `vdc`, raw, with these elements in its `<disk>`. */
  readonly thirdDisk?: string
  /** Format of the second disk; the first is qcow2. */
  readonly secondFormat?: 'qcow2' | 'raw'
  /** Where its folder is made; the system's temporary folder unless given. */
  readonly parent?: string
}

/** Defines and starts a domain of its own. */
export async function tinyVm(options: TinyVmOptions): Promise<TinyVm> {
  const folder = await mkdtemp(join(options.parent ?? tmpdir(), 'stillshot-tiny-'))
  const name = `${DOMAIN_PREFIX}tiny-${randomBytes(4).toString('hex')}`
  const uuid = randomUUID()
  const formats = { vda: 'qcow2', vdb: options.secondFormat ?? 'qcow2' }
  for (const [disk, format] of Object.entries(formats)) {
    await run('qemu-img', ['create', '-q', '-f', format, join(folder, `${disk}.img`), String(DISK_BYTES)])
  }
  const virsh = async (...words: readonly string[]) =>
    (await run('virsh', ['-q', '-c', options.uri, ...words], { env: { ...process.env, LC_ALL: 'C' } })).stdout
  const definition = join(folder, 'domain.xml')
  const third = options.thirdDisk === undefined ? '' : diskXml(folder, 'vdc', 'raw', options.thirdDisk)
  if (third !== '') await run('truncate', ['-s', String(DISK_BYTES), join(folder, 'vdc.img')])
  await writeFile(definition, domainXml(name, uuid, folder, formats, third))
  await virsh('define', definition)
  await rm(definition)
  const remove = async () => {
    await virsh('destroy', uuid).catch(() => '')
    await virsh('undefine', uuid, '--managed-save', '--snapshots-metadata')
    await rm(folder, { recursive: true, force: true })
  }
  await virsh('start', uuid).catch(async (error) => {
    await remove()
    throw error
  })
  const imageOf = async (domain: string, disk: string) =>
    parseTargets(await virsh('domblklist', domain)).get(disk) ?? ''
  const image = (disk: string) => imageOf(uuid, disk)
  const readOf = async (domain: string, disk: string) => {
    const words = await imageWords(await imageOf(domain, disk))
    const { stdout } = await run('qemu-io', ['-r', '-c', `read -v 0 1`, ...words])
    return Number.parseInt(/^00000000: +([0-9a-f]{2})/m.exec(stdout)?.[1] ?? 'NaN', 16)
  }
  const off = async () => (await virsh('domstate', uuid)).trim() === 'shut off'
  return {
    uri: options.uri,
    name,
    uuid,
    folder,
    virsh,
    image,
    write: async (disk, value) => {
      const command = `write -P ${value} 0 ${WRITE_BYTES}`
      if (await off()) await run('qemu-io', ['-c', command, ...(await imageWords(await image(disk)))])
      else
        await virsh(
          'qemu-monitor-command',
          uuid,
          '--hmp',
          `qemu-io -d ${await deviceOf(virsh, uuid, disk)} "${command}"`,
        )
    },
    readOf,
    read: (disk) => readOf(uuid, disk),
    stop: async () => {
      if (!(await off())) await virsh('destroy', uuid)
    },
    files: async () => (await readdir(folder)).toSorted(),
    remove,
  }
}

function domainXml(
  name: string,
  uuid: string,
  folder: string,
  formats: Record<string, string>,
  devices: string,
): string {
  const disks = Object.entries(formats).map(([disk, format]) =>
    diskXml(folder, disk, format, disk === 'vda' ? '<serial>first</serial>' : ''),
  )
  return `<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid><memory unit='MiB'>16</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features>
    <devices><emulator>/usr/bin/qemu-system-x86_64</emulator>${disks.join('')}${devices}<memballoon model='none'/></devices>
    <seclabel type='static' model='dac' relabel='no'><label>+0:+0</label></seclabel></domain>`
}

function diskXml(folder: string, disk: string, format: string, elements: string): string {
  return `<disk type='file' device='disk'><driver name='qemu' type='${format}'/>
    <source file='${join(folder, `${disk}.img`)}'/><target dev='${disk}' bus='virtio'/>${elements}</disk>`
}

function parseTargets(list: string): ReadonlyMap<string, string> {
  return new Map(
    list.split('\n').flatMap((line): [string, string][] => {
      const parts = /^\s*(\S+)\s+(\S.*)$/.exec(line)
      return parts?.[1] === undefined || parts[2] === undefined ? [] : [[parts[1], parts[2]]]
    }),
  )
}

/** QEMU's name of the disk's device, which HMP's qemu-io takes. */
async function deviceOf(virsh: TinyVm['virsh'], uuid: string, disk: string): Promise<string> {
  const xml = await virsh('dumpxml', uuid)
  const element = xml.split('<disk ').find((part) => part.includes(`<target dev='${disk}'`)) ?? ''
  return `/machine/peripheral/${/<alias name='([^']+)'/.exec(element)?.[1]}/virtio-backend`
}

async function imageWords(image: string): Promise<readonly string[]> {
  const { stdout } = await run('qemu-img', ['info', '-U', '--output=json', image])
  return ['-f', String(JSON.parse(stdout).format), image]
}
