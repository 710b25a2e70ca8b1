/** What stands behind one guest of the stand-in: the running process and the disks. The API layer keeps all else. */
export interface Machine {
  /** Whether its process is there; a paused one is. */
  running(): Promise<boolean>
  paused(): Promise<boolean>
  start(): Promise<void>
  /** Ends the process; nothing is written back. Safe on one that is off. */
  stop(): Promise<void>
  /** Presses the power button; resolves at once, whatever the guest makes of it. */
  askToShutDown(): Promise<void>
  reset(): Promise<void>
  pause(): Promise<void>
  resume(): Promise<void>
  /** Disks by their key in the guest's configuration: `scsi0`, `virtio1`. All of these work on and off. */
  snapshotDisk(disk: string, snapshot: string): Promise<void>
  removeDiskSnapshot(disk: string, snapshot: string): Promise<void>
  /** The machine is off. */
  rollBackDisk(disk: string, snapshot: string): Promise<void>
  /** Another machine, off, whose disks hold what these held at the snapshot. */
  copyAt(snapshot: string): Promise<Machine>
  /** Its firmware says so from its next start on; absent where there is none to look. */
  identify?(uuid: string): void
  /**
   * Gives one command to the guest agent, `guest-ping` for one. Undefined when nobody answers; an error from inside
   * the guest is an answer, too: `{ error: { class, desc } }`.
   */
  askAgent(command: string, given?: object): Promise<AgentAnswer | undefined>
}

export type AgentAnswer = number | string | AgentError | object

export interface AgentError {
  readonly error: { readonly class: string; readonly desc: string }
}

export function isAgentError(answer: AgentAnswer): answer is AgentError {
  return typeof answer === 'object' && 'error' in answer
}
