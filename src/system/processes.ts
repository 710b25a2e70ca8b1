/** A process of some machine, told apart from a later one with the same number by its start time and the machine's boot. */
export interface ProcessIdentity {
  readonly host: string
  readonly bootId: string
  readonly pid: number
  /** Clock ticks since boot, as the kernel gives them. */
  readonly startTime: string
}

/** What the coordinator needs to know about processes, as a port. */
export interface Processes {
  /** The process that runs this code. */
  self(): Promise<ProcessIdentity>
  /** `unknown` when it belongs to another host, which cannot be looked at from here. */
  state(process: ProcessIdentity): Promise<'alive' | 'dead' | 'unknown'>
}
