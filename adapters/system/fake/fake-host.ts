import type { FileFacts, Host, ReadFile } from '../../../src/system/host.ts'

interface FakeFile extends Partial<FileFacts> {
  readonly text: string
  readonly realPath?: string
}

type Run = (argv: readonly string[]) => Promise<{ exitStatus: number | null; stdout: string }>

/** A machine with the files, folders, variables and commands that the test gives it; user 1000, in /home/admin. */
export class FakeHost implements Host {
  readonly workingDirectory = '/home/admin'
  readonly userId = 1000
  readonly #files = new Map<string, FakeFile>()
  readonly #folders = new Map<string, Partial<FileFacts>>()
  readonly #variables: Readonly<Record<string, string>>
  readonly #run: Run
  /** Command lines that were run. */
  readonly ran: (readonly string[])[] = []

  constructor(options: { files?: Record<string, FakeFile>; variables?: Record<string, string>; run?: Run } = {}) {
    for (const [path, file] of Object.entries(options.files ?? {})) this.#files.set(path, file)
    this.#variables = options.variables ?? {}
    this.#run = options.run ?? (async () => ({ exitStatus: 127, stdout: '' }))
  }

  /** The folder belongs to this user with mode 0755 unless this says otherwise. */
  setFolder(path: string, facts: Partial<FileFacts>): void {
    this.#folders.set(path, facts)
  }

  environment(name: string): string | undefined {
    return this.#variables[name]
  }

  async readFile(path: string): Promise<ReadFile | undefined> {
    const file = this.#files.get(path)
    if (file === undefined) return undefined
    const { text, realPath = path, kind = 'file', ownerId = this.userId, mode = 0o600 } = file
    return { facts: { kind, ownerId, mode }, text: kind === 'file' ? text : '', realPath }
  }

  async folder(path: string): Promise<FileFacts> {
    return { kind: 'folder', ownerId: this.userId, mode: 0o755, ...this.#folders.get(path) }
  }

  run(argv: readonly string[]): Promise<{ exitStatus: number | null; stdout: string }> {
    this.ran.push(argv)
    return this.#run(argv)
  }
}
