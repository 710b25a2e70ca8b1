/** Where the journal of a run lies. */
export function journalPath(stateDirectory: string, run: string): string {
  return `${stateDirectory}/runs/${run}.jsonl`
}

/** The run whose journal has this file name; undefined for any other file. */
export function runOfJournal(fileName: string): string | undefined {
  return /^([0-7][0-9A-HJKMNP-TV-Z]{25})\.jsonl$/.exec(fileName)?.[1]
}
