import { userOfWho } from '../access/accounts.ts'
import { PRIVILEGES, type Privilege } from '../access/privileges.ts'
import type { Cluster } from '../cluster.ts'
import { Refusal } from '../refusal.ts'
import { type Call, given, type Method } from './method.ts'

export const accessMethods: readonly Method[] = [
  {
    method: 'GET',
    path: '/version',
    parameters: {},
    permission: 'all',
    code: ({ cluster: { release } }) => ({ version: release.version, release: release.release, repoid: '14a22df3' }),
  },
  {
    method: 'POST',
    path: '/access/ticket',
    parameters: {
      username: { type: 'string', maxLength: 64 },
      password: { type: 'string' },
      realm: { type: 'string', optional: true, maxLength: 32 },
      'new-format': { type: 'boolean', optional: true },
    },
    permission: 'world',
    protected: true,
    code: logIn,
  },
  {
    method: 'GET',
    path: '/access/permissions',
    parameters: {
      path: { type: 'string', optional: true },
      userid: { type: 'string', optional: true },
    },
    permission: 'all',
    code: permissions,
  },
]

function logIn({ cluster, parameters }: Call): unknown {
  const name = given(parameters, 'username')
  const user = name.includes('@') || parameters.realm === undefined ? name : `${name}@${parameters.realm}`
  if (cluster.accounts.logIn(user, given(parameters, 'password')) === undefined) {
    throw new Refusal(401, 'authentication failure')
  }
  return {
    username: user,
    ticket: cluster.accounts.tickets.ticket(user),
    CSRFPreventionToken: cluster.accounts.tickets.csrfToken(user),
    clustername: 'stand-in',
    cap: Object.fromEntries(
      ['access', 'dc', 'mapping', 'nodes', 'sdn', 'storage', 'vms'].map((part) => [
        part,
        Object.fromEntries([...cluster.accounts.privileges(user, `/${part}`)].map((privilege) => [privilege, 1])),
      ]),
    ),
  }
}

const TOP_PATHS = ['/', '/access', '/nodes', '/pool', '/sdn', '/storage', '/vms']

/** Without `path`: the top paths and those that a rule names, and of them only those with a privilege. */
function permissions({ cluster, who, parameters }: Call): unknown {
  const { accounts } = cluster
  const whose = parameters.userid ?? who
  if (whose !== who && !who.startsWith('root@pam'))
    throw new Refusal(403, 'Permission check failed (/access, Sys.Audit)')
  const paths =
    parameters.path === undefined ? [...TOP_PATHS, ...accounts.rules.map(({ path }) => path)] : [parameters.path]
  const entries = paths.map((path) => {
    const has = accounts.privileges(whose, path)
    const here = PRIVILEGES.filter((one) => has.has(one))
    return [path, Object.fromEntries(here.map((one) => [one, propagates(cluster, whose, path, one)]))] as const
  })
  const wanted = ([path, has]: (typeof entries)[number]) => path === parameters.path || Object.keys(has).length > 0
  return Object.fromEntries(entries.filter(wanted))
}

/** 0 for a privilege that counts on this path alone: it is one all the same. */
function propagates({ accounts }: Cluster, whose: string, path: string, privilege: Privilege): 0 | 1 {
  const here = accounts.rules.filter(({ who, path: at }) => at === path && (who === whose || who === userOfWho(whose)))
  return here.some(({ propagate, privileges }) => propagate === false && privileges.includes(privilege)) ? 0 : 1
}
