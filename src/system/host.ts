/** Port: what reading a configuration and its secrets needs of the machine and this process. */
export interface Host {
  readonly workingDirectory: string
  /** Effective user id of this process. */
  readonly userId: number
  environment(name: string): string | undefined
  /**
   * Content and facts of the same open file, links followed; undefined when there is none. Anything but a regular file
   * has no text. Rejects when it cannot be opened or is larger than 1 MiB.
   */
  readFile(path: string): Promise<ReadFile | undefined>
  /** Facts of the folder, links followed. */
  folder(path: string): Promise<FileFacts>
  /** Runs a command without a shell; its standard error is dropped. Rejects when it cannot be started or takes too long. */
  run(argv: readonly string[], options: { timeoutMs: number }): Promise<{ exitStatus: number | null; stdout: string }>
}

export interface FileFacts {
  readonly kind: 'file' | 'folder' | 'other'
  readonly ownerId: number
  /** Permission bits, as chmod takes them. */
  readonly mode: number
}

export interface ReadFile {
  readonly facts: FileFacts
  readonly text: string
  /** Links resolved. */
  readonly realPath: string
}
