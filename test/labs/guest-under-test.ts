import type { CommandResult } from './command.ts'

/**
 * What tests, demo and bench do to a guest of the lab, and need to know about it, whatever it runs on: emulated, as
 * {@link ./lab-guest.ts LabGuest}, or natively, as {@link ./container/native-guest.ts NativeGuest}.
 */
export interface GuestUnderTest {
  readonly name: string
  readonly uuid: string
  /** Where its sshd is reached. */
  readonly host: string
  readonly sshPort: number
  /** Everything of this guest: disks, known_hosts. */
  readonly folder: string
  readonly rootKeyPath: string
  /** A login without any right beyond its own. */
  readonly user: string
  readonly userKeyPath: string
  readonly knownHostsPath: string
  readonly diskPaths: { readonly vda: string; readonly vdb: string }
  /** The guest's line of known_hosts: address, type, key. */
  knownHostsLine(): Promise<string>
  /** Runs a line for root's shell in the guest; rejects unless it ends with 0. */
  run(command: string, options?: { timeoutMs?: number; input?: string }): Promise<string>
  /** As `run`, whatever the exit status is; 255 is the failure of the way into the guest. */
  try(command: string, options?: { timeoutMs?: number; input?: string }): Promise<CommandResult>
  /** Arguments for the ssh program that run a line for root's shell, for a process of one's own. */
  sshArguments(command: string): readonly string[]
  /** Runs SQL as MariaDB's root: rows as lines, columns by tab, no heading. */
  sql(text: string): Promise<string>
  /** Resolves when commands can be run in it and MariaDB answers; the console's end is in the error. */
  ready(timeoutMs?: number): Promise<void>
  /** `running`, `paused`, `shut off` and so on, in libvirt's words. */
  power(): Promise<string>
  /** Starts it; resolves before the guest has booted. */
  powerOn(): Promise<void>
  /** Pulls the plug: nothing is written back, the disks stay as they are. */
  powerOff(): Promise<void>
  /** The reset button: nothing is written back, and it boots at once. */
  reset(): Promise<void>
  /** Ends the shared connection, which may hang on a guest that was reset or cut off. */
  dropConnection(): Promise<void>
  /** The network cable: out is `false`. The guest goes on without it. */
  plugNetwork(plugged: boolean): Promise<void>
  /** What it said while it booted and since, its end at least. */
  consoleLog(): Promise<string>
  /** Ends the guest and removes it with its disks. Safe twice. */
  destroy(): Promise<void>
}
