import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { InGuest } from './in-guest.ts'
import type { Scene } from './scene.ts'

const LOOK_EVERY_MS = 150
/** A process changes its command line when it begins its program, soon after it was made; later looks cost time only. */
const LOOKS = 4

/** Watches the command lines of this machine for the canary until it is stopped. */
export class ProcessWatch {
  readonly found = new Set<string>()
  readonly #canary: string
  readonly #looks = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #running = true

  constructor(canary: string) {
    this.#canary = canary
    this.#next()
  }

  stop(): void {
    this.#running = false
    clearTimeout(this.#timer)
  }

  #next(): void {
    this.#timer = setTimeout(async () => {
      await this.#look()
      if (this.#running) this.#next()
    }, LOOK_EVERY_MS)
  }

  async #look(): Promise<void> {
    const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
    await Promise.all(
      processes.map(async (pid) => {
        const looks = this.#looks.get(pid) ?? 0
        if (looks >= LOOKS) return
        this.#looks.set(pid, looks + 1)
        const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
        if (line.includes(this.#canary)) this.found.add(line.split('\0')[0] ?? pid)
      }),
    )
  }
}

/** Everywhere where the canary was found after a cell; empty is good. */
export async function findLeaks(scene: Scene, inGuest: InGuest, processes: ProcessWatch): Promise<readonly string[]> {
  const leaks = [
    ...[...processes.found].map((program) => `command line of ${program}`),
    ...scene.watch.leaks.map((line) => `command line in the guest: ${line}`),
    ...inGuest.leaks.map((path) => `${path} in the guest`),
  ]
  const look = (where: string, text: string) => {
    const forms = [scene.canary, Buffer.from(scene.canary).toString('base64').replace(/=+$/, '')]
    if (forms.some((form) => text.includes(form))) leaks.push(where)
  }
  for (const told of scene.told) look(`output of ${told.command}`, told.output)
  for (const { stateDirectory } of [scene.cli, scene.other]) {
    for (const entry of await readdir(stateDirectory, { recursive: true, withFileTypes: true }).catch(() => [])) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      look(path.slice(stateDirectory.length + 1), await readFile(path, 'latin1'))
    }
  }
  for (const { name, text } of await scene.ground.snapshots()) look(`snapshot ${name}`, text)
  return leaks
}
