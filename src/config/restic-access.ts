import type { Host } from '../system/host.ts'
import { SECRET_PATTERN } from './schema/values.ts'

interface Entry {
  readonly name: string
  readonly repository: string
  readonly password: string
  readonly environment: Readonly<Record<string, string>>
  readonly secret: (reference: string, where: string) => () => Promise<string>
  readonly host: Pick<Host, 'environment'>
}

/** What restic needs of our own environment: programs that it starts, their keys, the way out of the house. */
const INHERITED = ['PATH', 'HOME', 'SSH_AUTH_SOCK', 'http_proxy', 'https_proxy', 'no_proxy', 'HTTPS_PROXY', 'NO_PROXY']

/** How restic is called for a repository of the configuration; every secret is fetched when it is needed. */
export function resticAccess({ name, repository, password, environment, secret, host }: Entry) {
  const at = `repositories.${name}`
  const referred = new RegExp(SECRET_PATTERN).test(repository)
  const named = Object.entries(environment).map(
    ([variable, reference]) => [variable, secret(reference, `${at}.environment.${variable}`)] as const,
  )
  return {
    // One that is kept secret is not shown either.
    shownAddress: referred ? `ADDRESS_OF_${name}` : repository,
    address: referred ? secret(repository, `${at}.repository`) : async () => repository,
    password: secret(password, `${at}.password`),
    environment: async () => {
      const inherited = INHERITED.flatMap((variable) => {
        const value = host.environment(variable)
        return value === undefined ? [] : [[variable, value] as const]
      })
      const fetched = await Promise.all(named.map(async ([variable, fetch]) => [variable, await fetch()] as const))
      return Object.fromEntries([...inherited, ...fetched])
    },
  }
}
