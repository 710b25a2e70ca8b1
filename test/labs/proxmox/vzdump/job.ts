/** What the stand-in of vzdump is to do; plain JSON, read from a file. */
export interface VzdumpJob {
  /** Folder that stands for `/`: `tasks`, `logs` and `dump` lie in it. */
  readonly root: string
  /** vzdump's `script`; undefined for none. */
  readonly script?: string
  /** Undefined: the archive goes to the folder `dump` by itself. */
  readonly storage?: string
  readonly server?: boolean
  readonly guests: readonly BackedUpGuest[]
}

export interface BackedUpGuest {
  readonly vmid: number
  readonly type: 'qemu' | 'lxc'
  /** The effective one. */
  readonly mode: 'snapshot' | 'stop' | 'suspend'
  readonly disks: readonly { readonly id: string; readonly backup: boolean }[]
  /** Milliseconds from the hook's last phase to the point in time; `ask`: whoever started the job says when it is over. */
  readonly point: number | 'ask'
  /** Milliseconds that writing the archive takes. */
  readonly archiveMs: number
  /** Where the backup fails by itself. */
  readonly fails?: 'before-point' | 'in-archive'
}

/** What the stand-in tells of its work, one JSON line each. `at`: milliseconds since the epoch. */
export type VzdumpEvent =
  | { readonly event: 'task'; readonly at: number; readonly upid: string; readonly log: string }
  | {
      readonly event: 'phase'
      readonly at: number
      readonly phase: string
      readonly status: number
      readonly ms: number
    }
  /** The guest's disks are being copied as they are at this moment. */
  | { readonly event: 'point'; readonly at: number; readonly vmid: number }
  | { readonly event: 'started'; readonly at: number; readonly vmid: number }
  | { readonly event: 'end'; readonly at: number; readonly status: number }
