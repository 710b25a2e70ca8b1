import { readFile } from 'node:fs/promises'

/** vzdump's `script` as this version ships it, with the settings of nobody. Rejects when it cannot be read. */
export function loadVzdumpScript(): Promise<string> {
  return readFile(new URL('./stillshot-vzdump.sh', import.meta.url), 'utf8')
}
