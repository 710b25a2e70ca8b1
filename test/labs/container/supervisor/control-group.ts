import { mkdir, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../../command.ts'
import { waitFor } from '../../wait-for.ts'

const PREFIX = 'stillshot-native-'
/** One that has no process for so long belongs to nobody. */
const STALE_MS = 300_000

/** All processes of a guest, as one. */
export interface ControlGroup {
  /** Its file to write a process's number into. */
  readonly members: string
  /** No process of it runs from here to `thaw`. */
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** Ends every process, frozen ones too; resolves when none is left. */
  kill(): Promise<void>
}

/** In a hierarchy that only this process sees, mounted at `mount`; `name` is nobody else's. */
export async function openControlGroup(mount: string, name: string): Promise<ControlGroup> {
  await mkdir(mount, { recursive: true })
  await runCommand('mount', ['-t', 'cgroup2', 'cgroup2', mount], { timeoutMs: 30_000 })
  await removeStale(mount)
  const folder = join(mount, `${PREFIX}${name}`)
  await mkdir(folder)
  const events = async () => readFile(join(folder, 'cgroup.events'), 'utf8')
  const until = (word: string) =>
    waitFor(async () => ((await events()).includes(word) ? true : undefined), {
      what: `'${word}' of the guest's processes`,
      timeoutMs: 60_000,
      everyMs: 5,
    })
  const set = (file: string, value: string) => writeFile(join(folder, file), value)
  return {
    members: join(folder, 'cgroup.procs'),
    freeze: async () => {
      await set('cgroup.freeze', '1')
      await until('frozen 1')
    },
    thaw: async () => {
      await set('cgroup.freeze', '0')
      await until('frozen 0')
    },
    kill: async () => {
      await set('cgroup.kill', '1')
      await until('populated 0')
      await set('cgroup.freeze', '0')
      for (const inner of await readdir(folder, { withFileTypes: true })) {
        if (inner.isDirectory()) await removeTree(join(folder, inner.name))
      }
    },
  }
}

/** What guests left whose supervisor was killed. */
async function removeStale(mount: string): Promise<void> {
  for (const name of await readdir(mount)) {
    if (!name.startsWith(PREFIX)) continue
    const folder = join(mount, name)
    const { mtimeMs = Date.now() } = (await stat(folder).catch(() => undefined)) ?? {}
    const events = await readFile(join(folder, 'cgroup.events'), 'utf8').catch(() => '')
    if (Date.now() - mtimeMs > STALE_MS && events.includes('populated 0')) await removeTree(folder)
  }
}

/** From the leaves up; what has a process meanwhile stays. */
async function removeTree(folder: string): Promise<void> {
  for (const inner of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (inner.isDirectory()) await removeTree(join(folder, inner.name))
  }
  await rmdir(folder).catch(() => {})
}
