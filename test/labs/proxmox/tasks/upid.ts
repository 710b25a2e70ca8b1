import { userOfWho } from '../access/accounts.ts'
import { hex8 } from '../access/tickets.ts'

/** What a UPID tells. */
export interface TaskName {
  readonly node: string
  readonly pid: number
  /** Start of the process, in ticks since the node's boot. */
  readonly pstart: number
  /** Seconds since the epoch. */
  readonly starttime: number
  readonly type: string
  /** The guest's number for guests' tasks; may be empty. */
  readonly id: string
  /** `name@realm`, or `name@realm!token`. */
  readonly who: string
}

export function upidOf({ node, pid, pstart, starttime, type, id, who }: TaskName): string {
  return `UPID:${node}:${hex8(pid)}:${hex8(pstart)}:${hex8(starttime)}:${type}:${id}:${who}:`
}

const UPID =
  /^UPID:[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?:[0-9A-Fa-f]{8}:[0-9A-Fa-f]{8,9}:[0-9A-Fa-f]{8}:[^:\s]+:[^:\s]*:[^:\s]+:$/

export function isUpid(text: string): boolean {
  return UPID.test(text)
}

/** The fields of an answer about a task: the token's name apart from the user's. */
export function taskFields(upid: string, name: TaskName): Record<string, string | number> {
  const { who, ...rest } = name
  const tokenid = who.split('!')[1]
  return { upid, ...rest, user: userOfWho(who), ...(tokenid === undefined ? {} : { tokenid }) }
}
