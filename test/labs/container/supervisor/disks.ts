import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type FileHandle, open, readFile, rm, writeFile } from 'node:fs/promises'
import { runCommand } from '../../command.ts'
import { waitFor } from '../../wait-for.ts'
import { openMonitor } from './monitor.ts'
import { DISKS, type DiskName } from './words.ts'

const QUICK = { timeoutMs: 30_000 }

/**
 * The disks of a guest that is on: QEMU's storage daemon shows each qcow2 image as a file (FUSE), and a loop device makes a disk of
 * the file. So images, snapshots and what a power cut does to them are the same as those of a virtual machine.
 */
export interface Disks {
  /** `7:3`, as the kernel counts the disks. */
  readonly numbers: Readonly<Record<DiskName, string>>
  /** One command of the daemon's monitor; rejects with its own words. */
  monitor(request: object): Promise<unknown>
  /** From now on every read and write fails: what was not written by now never is. */
  cut(): Promise<void>
  /** Resolves when nobody uses the disks any more, and the images are free. */
  close(): Promise<void>
}

/** In the folder that is the current one: the path of a socket may have 107 bytes only. */
export async function openDisks(): Promise<Disks> {
  await rm('monitor', { force: true })
  for (const disk of DISKS) await writeFile(disk, '')
  const daemon = spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-storage-daemon', ...DISKS.flatMap(shown), ...MONITOR], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const ended = once(daemon, 'exit')
  const held: FileHandle[] = []
  try {
    const loops: string[] = []
    for (const disk of DISKS) {
      await shownBy(daemon, disk)
      const device = (await runCommand('losetup', ['--find', '--show', disk], QUICK)).trim()
      held.push(await open(device))
      // It goes by itself as soon as nobody has it open: neither the guest nor this process, however they end.
      await runCommand('losetup', ['--detach', device], QUICK)
      loops.push(device)
    }
    const monitor = await openMonitor('monitor')
    const [vda = '', vdb = ''] = await Promise.all(loops.map(numberOf))
    const uses = await Promise.all(loops.map(useOf))
    const cut = async () => {
      daemon.kill('SIGKILL')
      await ended
    }
    const close = async () => {
      for (const handle of held.splice(0)) await handle.close()
      await Promise.all(loops.map((device, at) => released(device, uses[at])))
      monitor.close()
      daemon.kill('SIGTERM')
      await ended
      await unmountLeft()
    }
    return { numbers: { vda, vdb }, monitor: monitor.ask, cut, close }
  } catch (error) {
    for (const handle of held) await handle.close()
    daemon.kill('SIGKILL')
    throw error
  }
}

const MONITOR = ['--chardev', 'socket,id=lab,path=monitor,server=on,wait=off', '--monitor', 'chardev=lab']

/** A power cut of the guest is not one of this machine: what the daemon has written need not be synced. */
function shown(disk: DiskName): readonly string[] {
  const file = `driver=file,node-name=${disk}-file,filename=${disk}.qcow2,cache.no-flush=on`
  const image = `driver=qcow2,node-name=${disk},file=${disk}-file`
  const fuse = `type=fuse,id=${disk}-shown,node-name=${disk},mountpoint=${disk},writable=on`
  return ['--blockdev', file, '--blockdev', image, '--export', fuse]
}

/** A daemon that was killed leaves its mounts, without anybody behind them. */
async function unmountLeft(): Promise<void> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8')
  for (const disk of DISKS) if (mounts.includes(mountOf(disk))) await runCommand('umount', ['--lazy', disk], QUICK)
}

/** As it stands in a line of the mounts. */
function mountOf(disk: DiskName): string {
  return ` ${process.cwd()}/${disk} `
}

async function shownBy(daemon: ChildProcess, disk: DiskName): Promise<void> {
  const look = async () => {
    if (daemon.exitCode !== null)
      throw new Error(`the storage daemon ended with ${daemon.exitCode}: see supervisor.log`)
    return (await readFile('/proc/self/mountinfo', 'utf8')).includes(mountOf(disk)) || undefined
  }
  await waitFor(look, { what: `disk ${disk} of the storage daemon`, timeoutMs: 60_000, everyMs: 20 })
}

async function numberOf(device: string): Promise<string> {
  return (await readFile(`/sys/class/block/${device.slice('/dev/'.length)}/dev`, 'utf8')).trim()
}

/** Counts how often the kernel has made disks: another guest may have the device the moment after. */
async function useOf(device: string): Promise<string> {
  return (await readFile(`/sys/class/block/${device.slice('/dev/'.length)}/diskseq`, 'utf8')).trim()
}

/** The file system on it is gone a moment after the last process that saw it. */
async function released(device: string, use: string | undefined): Promise<void> {
  const backing = `/sys/class/block/${device.slice('/dev/'.length)}/loop/backing_file`
  const look = async () => (existsSync(backing) && (await useOf(device)) === use ? undefined : true)
  await waitFor(look, { what: `the end of ${device}`, timeoutMs: 60_000, everyMs: 20 })
}
