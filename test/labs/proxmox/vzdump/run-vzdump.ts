import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { VzdumpEvent, VzdumpJob } from './job.ts'

const PROGRAM = join(import.meta.dirname, 'vzdump.ts')

/** A job of the stand-in that has been started. */
export interface RunningVzdump {
  readonly process: ChildProcessByStdio<Writable, Readable, null>
  /** What it told so far. */
  readonly events: readonly VzdumpEvent[]
  /** Where a guest with `point: 'ask'` has come to its point in time: it goes on. */
  goOn(): void
  /** Resolves with the first event of this kind, of the past ones too; rejects when the job ends without one. */
  until(kind: VzdumpEvent['event']): Promise<VzdumpEvent>
  readonly ended: Promise<EndedVzdump>
}

export interface EndedVzdump {
  readonly status: number | null
  readonly events: readonly VzdumpEvent[]
  /** The task's log. */
  readonly log: string
  /** Names of the script's phases that were called, in order. */
  readonly phases: readonly string[]
}

export async function startVzdump(job: VzdumpJob): Promise<RunningVzdump> {
  const path = join(job.root, 'job.json')
  await writeFile(path, JSON.stringify(job))
  const child = spawn(process.execPath, [PROGRAM, path], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.on('error', () => {})
  const events: VzdumpEvent[] = []
  const waiting = new Set<() => void>()
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    events.push(JSON.parse(line) as VzdumpEvent)
    for (const look of waiting) look()
  })
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(async ([[status]]) => {
    for (const look of waiting) look()
    const task = events.find((event) => event.event === 'task')
    const phases = events.flatMap((event) => (event.event === 'phase' ? [event.phase] : []))
    const log = task?.event === 'task' ? await readFile(task.log, 'utf8') : ''
    return { status: status as number | null, events, log, phases }
  })
  return {
    process: child,
    events,
    goOn: () => void child.stdin.write('go on\n'),
    until(kind) {
      const { promise, resolve, reject } = Promise.withResolvers<VzdumpEvent>()
      const look = () => {
        const found = events.find(({ event }) => event === kind)
        if (found === undefined && child.exitCode === null && child.signalCode === null) return
        waiting.delete(look)
        if (found !== undefined) resolve(found)
        else reject(new Error(`the job ended without ${kind}: ${JSON.stringify(events)}`))
      }
      waiting.add(look)
      look()
      return promise
    },
    ended,
  }
}

export async function runVzdump(job: VzdumpJob): Promise<EndedVzdump> {
  return (await startVzdump(job)).ended
}
