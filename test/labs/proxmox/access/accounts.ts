import { Refusal } from '../refusal.ts'
import { type AccessRule, PRIVILEGES, type Privilege, rulePrivileges } from './privileges.ts'
import type { Tickets } from './tickets.ts'

export interface UserAccount {
  /** `name@realm`. */
  readonly user: string
  readonly password?: string
}

export interface TokenAccount {
  /** `name@realm!token`. */
  readonly token: string
  /** The UUID. */
  readonly secret: string
  /** Privilege separation: only what both the token and its user may. Yes unless false. */
  readonly separated?: boolean
  /** Seconds since the epoch; never unless given. */
  readonly expire?: number
}

export interface AccountsOptions {
  readonly users: readonly UserAccount[]
  readonly tokens: readonly TokenAccount[]
  readonly rules: readonly AccessRule[]
  readonly tickets: Tickets
  readonly now: () => number
  /** The pool of a guest, whose privileges count for the guest too. */
  readonly poolOf: (vmid: string) => string | undefined
}

/** The one account that is asked for by name in places, which no token of it passes for. */
export const ROOT = 'root@pam'

/** Who there is, and what they may. A "who" is `name@realm` or `name@realm!token`. */
export class Accounts {
  readonly users: UserAccount[]
  readonly tokens: TokenAccount[]
  readonly rules: AccessRule[]
  readonly tickets: Tickets
  readonly #now: () => number
  readonly #poolOf: (vmid: string) => string | undefined

  constructor(options: AccountsOptions) {
    this.users = [...options.users]
    this.tokens = [...options.tokens]
    this.rules = [...options.rules]
    this.tickets = options.tickets
    this.#now = options.now
    this.#poolOf = options.poolOf
  }

  /** The user of these credentials; the password may be a ticket that is still valid. Undefined for wrong ones. */
  logIn(user: string, password: string): string | undefined {
    const account = this.users.find((known) => known.user === user)
    if (account === undefined) return undefined
    return this.tickets.userOf(password) === user || account.password === password ? user : undefined
  }

  /** Checks `user@realm!name=secret`; gives the token's name, undefined for a wrong one. */
  tokenOf(credentials: string): string | undefined {
    const [, token, secret] = /^([^=]+)=(.+)$/.exec(credentials) ?? []
    const account = this.tokens.find((known) => known.token === token && known.secret === secret)
    if (account === undefined || !this.users.some(({ user }) => user === userOfWho(account.token))) return undefined
    if (account.expire !== undefined && account.expire * 1000 <= this.#now()) return undefined
    return account.token
  }

  privileges(who: string, path: string): ReadonlySet<Privilege> {
    const user = userOfWho(who)
    const ofUser = user === ROOT ? new Set(PRIVILEGES) : this.#ruled(user, path)
    const token = this.tokens.find((known) => known.token === who)
    if (token === undefined || token.separated === false) return ofUser
    return this.#ruled(who, path).intersection(ofUser)
  }

  /** 403 unless `who` has all of these, or one of them with `any`. */
  demand(who: string, path: string, privileges: readonly Privilege[], any = false): void {
    const missing = this.missing(who, path, privileges, any)
    if (missing !== undefined) throw new Refusal(403, `Permission check failed (${path}, ${missing})`)
  }

  /** What is missing, as the refusal names it; undefined when nothing is. */
  missing(who: string, path: string, privileges: readonly Privilege[], any = false): string | undefined {
    const has = this.privileges(who, path)
    if (any) return privileges.some((privilege) => has.has(privilege)) ? undefined : privileges.join('|')
    return privileges.find((privilege) => !has.has(privilege))
  }

  may(who: string, path: string, privilege: Privilege): boolean {
    return this.privileges(who, path).has(privilege)
  }

  #ruled(who: string, path: string): ReadonlySet<Privilege> {
    const vmid = /^\/vms\/(\d+)$/.exec(path)?.[1]
    const pool = vmid === undefined ? undefined : this.#poolOf(vmid)
    const found = rulePrivileges(this.rules, who, path)
    return pool === undefined ? found : found.union(rulePrivileges(this.rules, who, `/pool/${pool}`))
  }
}

/** `name@realm` of `name@realm!token`. */
export function userOfWho(who: string): string {
  return who.split('!')[0] ?? who
}
