import type { Config } from './schema.ts'
import type { Step } from './yaml-source.ts'

type Report = (steps: readonly Step[], message: string) => void

/** What the schema cannot say of a repository: a password in its address, an identity that opens nothing. */
export function checkRepositories({ repositories = {} }: Config, report: Report): void {
  for (const [name, entry] of Object.entries(repositories)) {
    const at = ['repositories', name]
    if (entry.kind === 'restic') {
      // It would stand in messages, in the journal and in `config show`.
      if (/\/\/[^/@\s]*:[^/@\s]*@/.test(entry.repository)) {
        report([...at, 'repository'], 'holds a password: put the address into a file and name it as file:PATH')
      }
      const local = !/^[a-z0-9]+:/.test(entry.repository)
      if (local && !entry.repository.startsWith('/')) {
        report([...at, 'repository'], `is ${JSON.stringify(entry.repository)}: a path must be absolute`)
      }
    } else if (entry.identity !== undefined && entry.recipients === undefined) {
      report([...at, 'identity'], 'opens nothing: name recipients, too')
    }
  }
}
