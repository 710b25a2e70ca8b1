/** Port: structured log lines for operators, on standard error; secrets are redacted by the adapter. */
export interface Log {
  debug(message: string, facts?: LogFacts): void
  info(message: string, facts?: LogFacts): void
  warn(message: string, facts?: LogFacts): void
  error(message: string, facts?: LogFacts): void
}
export type LogFacts = Readonly<Record<string, unknown>>
