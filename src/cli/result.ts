import type { App, Session } from './app.ts'

/** What a command hands back; src/cli/run.ts prints it. */
export interface CommandResult {
  /** The JSON document, without `version` and `command`. */
  readonly document: Readonly<Record<string, unknown>>
  /** The same for a person; empty prints nothing. */
  readonly text: string
  /** What went wrong with a part of it, for a person: goes to standard error. */
  readonly errorText?: string
  /** Default 0. */
  readonly exitStatus?: number
}

/** Runs a command's work and keeps its result; given to every command's definition. */
export type Act = (command: string, work: (session: Session, app: App) => Promise<CommandResult>) => Promise<void>
