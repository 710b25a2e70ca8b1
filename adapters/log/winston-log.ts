import type { Logger } from 'winston'
import type { Log, LogFacts } from '../../src/log/log.ts'
import type { Redaction } from '../../src/log/redaction.ts'
import { escapeInJson } from '../../src/log/steering-signs.ts'

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface WinstonLogOptions {
  readonly level: LogLevel
  readonly redaction: Redaction
  /** Default: standard error. */
  readonly stream?: NodeJS.WritableStream
  /** ISO 8601 UTC; default: the time of this machine. */
  readonly now?: () => string
}

/**
 * One JSON document a line: `at`, `level`, `message` and the facts. Facts are redacted when the line is made, so that
 * nothing secret waits in memory; winston is loaded when the first line is worth writing.
 */
export class WinstonLog implements Log {
  readonly #options: WinstonLogOptions
  #written: Promise<void> = Promise.resolve()
  #logger: Promise<Logger> | undefined

  constructor(options: WinstonLogOptions) {
    this.#options = options
  }

  debug(message: string, facts?: LogFacts): void {
    this.#write('debug', message, facts)
  }

  info(message: string, facts?: LogFacts): void {
    this.#write('info', message, facts)
  }

  warn(message: string, facts?: LogFacts): void {
    this.#write('warn', message, facts)
  }

  error(message: string, facts?: LogFacts): void {
    this.#write('error', message, facts)
  }

  /** Resolves when every line so far has been handed to the stream. Safe twice. */
  close(): Promise<void> {
    return this.#written
  }

  #write(level: LogLevel, message: string, facts: LogFacts = {}): void {
    const { redaction, now = () => new Date().toISOString() } = this.#options
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(this.#options.level)) return
    const clean = redaction.value(facts) as Record<string, unknown>
    const line = { ...clean, at: now(), level, message: redaction.text(message) }
    this.#logger ??= this.#open()
    const logger = this.#logger
    // A log that cannot be written must not end a run that holds a database.
    this.#written = this.#written.then(async () => void (await logger).log(line)).catch(() => {})
  }

  async #open(): Promise<Logger> {
    const { default: winston } = await import('winston')
    const print = winston.format.printf(({ at, level, message, ...facts }) =>
      escapeInJson(JSON.stringify({ at, level, message, ...facts })),
    )
    const stream = this.#options.stream ?? process.stderr
    const transport = new winston.transports.Stream({ stream })
    return winston.createLogger({ level: this.#options.level, format: print, transports: [transport] })
  }
}
