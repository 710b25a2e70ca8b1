/** How a native guest is to be; given to its supervisor as JSON. */
export interface NativeSpec {
  /** Everything of the guest; its disks `vda.qcow2` and `vdb.qcow2` are there. */
  readonly folder: string
  readonly looks: 'vm' | 'container'
  /** At its first start; a later one may bring another. */
  readonly uuid: string
  readonly serials: { readonly vda: string; readonly vdb: string }
  /** Without a card there is no way to it but its processes and its agent. */
  readonly card?: { readonly mac: string }
}

/** What a supervisor does on a line of its standard input, one after the other; each is answered with the same number. */
export type Order =
  | { readonly do: 'cut-power' | 'press-power' | 'pause' | 'resume' | 'look' }
  | { readonly do: 'start'; readonly uuid: string }
  | { readonly do: 'plug'; readonly plugged: boolean }
  | { readonly do: 'monitor'; readonly request: object }

export type Numbered = Order & { readonly number: number }

export type Answer = { readonly number: number } & ({ readonly value: unknown } | { readonly error: string })

/** The answer to `look`. */
export interface Look {
  readonly power: 'running' | 'paused' | 'off'
  /** Of the guest's init, as this machine counts; while it runs. */
  readonly pid?: number
  /** Of its network card, once it has one. */
  readonly address?: string
}

export const DISKS = ['vda', 'vdb'] as const
export type DiskName = (typeof DISKS)[number]
