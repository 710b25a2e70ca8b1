import type { CallOptions } from '../system/clock.ts'

/** Port: opens a shell in a guest. One connection per guest at a time. Passes test/conformance/guest-shell.ts. */
export interface GuestShells {
  /**
   * Connects and logs in. Rejects with `guest-unreachable`, `host-key-unknown`, `host-key-changed` or
   * `guest-login-refused`; with `config-unsafe`, `config-invalid` or `secret-unreadable` when key or known_hosts cannot be
   * used. Repeatable. The host key is checked before anything is sent.
   */
  open(target: GuestTarget, options?: CallOptions): Promise<GuestShell>
  /** The account that commands run as, where it is not the target's: a login of these shells' own. */
  readonly user?: string
}

/** Where a guest is reached; the credentials are the adapter's affair. */
export interface GuestTarget {
  /** The name under `vms:`. */
  readonly vm: string
  readonly host: string
  readonly port: number
  readonly user: string
}

export interface GuestShell {
  /**
   * Runs one command. `argv` is quoted by the shell adapter: every word arrives in the guest as it is, whatever it
   * holds. Resolves with the exit status whatever it is; rejects with `guest-unreachable` when the connection ends
   * before the status came (`details.mayHaveRun` is false only if the request never went out), and with the deadline's or
   * the signal's reason when the caller gives up. Nothing of that stops a command that the guest has begun.
   */
  run(argv: readonly string[], options?: RunOptions): Promise<CommandResult>
  /**
   * Runs one command whose input or output may be of any length: neither is held in memory, and the slower side makes the
   * other wait. Resolves when the command has ended, and `output` with it, with the exit status whatever it is: only then is
   * it known that the output was whole. Rejects as {@link run} does, and with what `input` or `output` threw; the channel is
   * closed then, which ends a command that still reads or writes.
   */
  stream(argv: readonly string[], options: StreamOptions): Promise<StreamResult>
  /** The guest's host key as it was verified: `SHA256:…`. */
  readonly hostKeyFingerprint: string
  /** False once the connection ended. */
  readonly open: boolean
  /** Safe twice. */
  close(): Promise<void>
}

export interface RunOptions extends CallOptions {
  /**
   * Sent to the command's standard input, which is then closed. Secrets go here, never into argv. A promise lets the command
   * begin and wait for its input; when it rejects, so does the call.
   */
  readonly stdin?: string | Promise<string>
  /** Standard output or error beyond this is `helper-answer-invalid`, not cut in silence. Default 4 MiB. */
  readonly maxOutputBytes?: number
  /** Called when the request to run the command has been handed to the connection. */
  readonly onSent?: () => void
}

export interface StreamOptions extends CallOptions {
  /** Sent to the command's standard input as it comes. Secrets go here, never into argv. */
  readonly input: AsyncIterable<Uint8Array>
  /** Standard input is not closed at the end of `input`: its end tells a command that its caller is gone. */
  readonly keepInputOpen?: boolean
  /** Called once with the command's standard output, which it reads to its end. */
  readonly output: (bytes: AsyncIterable<Uint8Array>) => Promise<void>
}

export interface StreamResult {
  /** Exit status; undefined when a signal ended the command. */
  readonly exitStatus: number | undefined
  readonly signal?: string
  /** The end of it, at most 64 KiB. */
  readonly stderr: string
}

export interface CommandResult {
  /** Exit status; undefined when a signal ended the command. */
  readonly exitStatus: number | undefined
  readonly signal?: string
  readonly stdout: string
  readonly stderr: string
}
