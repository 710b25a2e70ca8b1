import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Recording } from './scenarios.ts'

/** Folders with recordings: `mariadb-10.11`, `mysql-9.7`. */
export const RECORDED_SERVERS: readonly string[] = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort()

export function readRecordings(server: string): readonly Recording[] {
  const folder = join(import.meta.dirname, server)
  return readdirSync(folder)
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Recording)
}

export function readRecording(server: string, scenario: string): Recording {
  return JSON.parse(readFileSync(join(import.meta.dirname, server, `${scenario}.json`), 'utf8')) as Recording
}
