import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { upidOf } from '../tasks/upid.ts'

/** What Perl keeps of a file before it writes it. */
const BUFFER = 8192

/**
 * The two logs of a backup. The task's gets every line at once (it is the worker's standard error) and has no times; vzdump's
 * own has them, is written in pieces of a buffer, and when a process is started or the file closed.
 */
export class VzdumpLogs {
  readonly upid: string
  readonly task: string
  readonly #folder: string
  #own: string | undefined
  #buffer = ''

  constructor(root: string) {
    this.#folder = join(root, 'logs')
    const starttime = Math.floor(Date.now() / 1000)
    this.upid = upidOf({
      ...{ node: 'pve1', pid: process.pid, pstart: startTicks(), starttime },
      ...{ type: 'vzdump', id: '', who: 'root@pam' },
    })
    const folder = join(root, 'tasks', starttime.toString(16).toUpperCase().slice(-1))
    mkdirSync(folder, { recursive: true })
    mkdirSync(this.#folder, { recursive: true })
    this.task = join(folder, this.upid)
    writeFileSync(this.task, '')
  }

  /** `own: false`: a line that goes to the task alone. */
  say(level: 'INFO' | 'ERROR', text: string, { own = true } = {}): void {
    for (const line of text.split('\n').filter((each) => each !== '')) {
      appendFileSync(this.task, `${level}: ${line}\n`)
      if (!own || this.#own === undefined) continue
      this.#buffer += `${localTime()} ${level}: ${line}\n`
      if (this.#buffer.length >= BUFFER) this.flush()
    }
  }

  /** The file of the guest's earlier backup is overwritten. */
  open(type: string, vmid: number): void {
    this.#own = join(this.#folder, `${type}-${vmid}.log`)
    this.#buffer = ''
    writeFileSync(this.#own, '')
  }

  /** As before each fork. */
  flush(): void {
    if (this.#own !== undefined) appendFileSync(this.#own, this.#buffer)
    this.#buffer = ''
  }

  close(): void {
    this.flush()
    this.#own = undefined
  }
}

function localTime(): string {
  const now = new Date()
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
  return `${day} ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`
}

/** The twentieth field after the name, which may hold anything. */
function startTicks(): number {
  const text = readFileSync('/proc/self/stat', 'utf8')
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19])
}
