import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { withTlsVersions } from './tls-versions.ts'
import { commandLine } from './virsh-words.ts'

export interface VirshOptions {
  readonly uri: string
  /** Path or name of virsh. */
  readonly program: string
  readonly environment: Readonly<Record<string, string>>
}

/** What one exchange brought. */
export interface Exchange {
  /** One text per command; fewer when virsh's parser took none of them. */
  readonly outputs: readonly string[]
  /** What stood on the error pipe: before the first command, then of each, in their order. */
  readonly complaints: readonly string[]
}

/** The process ended before it had answered; `stderr` is all it said. */
export class VirshEnded extends Error {
  readonly stderr: string
  constructor(stderr: string) {
    super('virsh ended')
    this.name = 'VirshEnded'
    this.stderr = stderr
  }
}

/**
 * One held-open virsh. It gives no exit status and echoes what it reads, so each exchange is fenced on both pipes with
 * a nonce that stands quoted in the input (`q\1…`) and plain in the output only. A second line of fences follows,
 * because a line that virsh cannot parse is dropped whole, its own fences too.
 */
export class VirshProcess {
  readonly #child: ChildProcessWithoutNullStreams
  #stdout = ''
  #stderr = ''
  #ended = false
  #look: () => void = () => {}

  constructor(options: VirshOptions) {
    const words = ['-q', '-c', withTlsVersions(options.uri)]
    // A process group of its own: Ctrl-C is for us. The end of its input ends it when we die.
    this.#child = spawn(options.program, words, { env: { ...options.environment }, stdio: 'pipe', detached: true })
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      this.#look()
    })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      this.#look()
    })
    this.#child.stdin.on('error', () => {})
    this.#child.on('error', (error) => this.#end(`error: ${error.message}`))
    this.#child.on('close', () => this.#end(''))
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Sends the commands as one line. One exchange at a time; the caller queues. Rejects with {@link VirshEnded}. */
  exchange(commands: readonly (readonly string[])[]): Promise<Exchange> {
    const id = randomBytes(12).toString('hex')
    const nonce = `q${id}`
    const quoted = `q\\${id}`
    const parts = commands.map((words, index) => {
      return `echo ${quoted}.${index};echo --err ${quoted}.${index};${commandLine(words)}`
    })
    const line = `${parts.join(';')};echo ${quoted}.E;echo --err ${quoted}.E\necho ${quoted}.F;echo --err ${quoted}.F\n`
    this.#stdout = ''
    this.#stderr = ''
    return new Promise((resolve, reject) => {
      this.#look = () => {
        if (this.#stdout.includes(`${nonce}.F`) && this.#stderr.includes(`${nonce}.F`)) {
          this.#look = () => {}
          resolve(this.#read(nonce, commands.length))
        } else if (this.#ended) {
          this.#look = () => {}
          reject(new VirshEnded(this.#complaints(nonce).join('\n')))
        }
      }
      this.#child.stdin.write(line)
      this.#look()
    })
  }

  /** Ends the process at once; an exchange under way rejects. Safe twice. */
  kill(): void {
    this.#child.kill('SIGKILL')
    this.#end('')
  }

  #end(words: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#stderr += words
    this.#look()
  }

  #read(nonce: string, count: number): Exchange {
    const outputs: string[] = []
    for (let index = 0; index < count; index += 1) {
      const begin = this.#stdout.indexOf(`${nonce}.${index}`)
      if (begin === -1) break
      const from = begin + `${nonce}.${index}`.length
      const end = this.#stdout.indexOf(index + 1 < count ? `${nonce}.${index + 1}` : `${nonce}.E`, from)
      outputs.push(withoutLineEnds(this.#stdout.slice(from, end === -1 ? undefined : end)))
    }
    return { outputs, complaints: this.#complaints(nonce) }
  }

  #complaints(nonce: string): readonly string[] {
    const complaints: string[][] = [[]]
    for (const line of this.#stderr.split('\n')) {
      if (line.includes(nonce)) complaints.push([])
      else complaints.at(-1)?.push(line)
    }
    return complaints.map((lines) => lines.join('\n'))
  }
}

/** Line ends only: a name may begin or end with a blank. */
function withoutLineEnds(text: string): string {
  return text.replace(/^\n+|\n+$/g, '')
}
