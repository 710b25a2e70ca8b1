/** The file operations that the coordinator needs, as a port: the simulation gives them fsync semantics. */
export interface Files {
  /** Creates the folder and its parents with mode 0700; no error when it is there. */
  makeFolder(path: string): Promise<void>
  /**
   * Opens for appending, mode 0600; `create: true` rejects when the file exists and syncs the folder after creating,
   * so that the name survives a crash.
   */
  openAppend(path: string, options: { create: boolean }): Promise<AppendFile>
  /** Whole content as UTF-8; rejects with code ENOENT on the error when missing. */
  readText(path: string): Promise<string>
  /** The file's content and its name are on the disk, whoever wrote them; rejects with code ENOENT when missing. */
  syncFile(path: string): Promise<void>
  /**
   * The file has this content, whoever had made it: another process finds the old content or the new one, whole, and so does the next
   * boot. Mode 0644. Rejects with code ENOENT when the folder is missing.
   */
  replaceText(path: string, text: string): Promise<void>
  /** Names in the folder, sorted; empty when the folder is missing. */
  list(path: string): Promise<readonly string[]>
}

export interface AppendFile {
  /** Writes all of `text` at the end; durable only after {@link sync}. */
  append(text: string): Promise<void>
  /** Data reached the disk (fdatasync). */
  sync(): Promise<void>
  /** Safe twice. */
  close(): Promise<void>
}
