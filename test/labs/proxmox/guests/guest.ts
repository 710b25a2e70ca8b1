import { createHash } from 'node:crypto'
import type { Machine } from '../machines/machine.ts'
import { die } from '../refusal.ts'
import type { GuestKind } from './guest-kind.ts'

/** Lines of a configuration file; whole numbers are numbers, as the product's parser has them. */
export type GuestConfig = Record<string, string | number>

export type ConfigLock =
  | 'backup'
  | 'clone'
  | 'create'
  | 'migrate'
  | 'rollback'
  | 'snapshot'
  | 'snapshot-delete'
  | 'suspending'
  | 'suspended'

/** A virtual machine or a container of the stand-in. */
export interface Guest {
  readonly vmid: number
  readonly kind: GuestKind
  /** Where its configuration lies now; a migration changes it. */
  node: string
  /** Without snapshots; with `lock` and `parent` where there are any. */
  config: GuestConfig
  readonly snapshots: Map<string, GuestConfig>
  readonly machine: Machine
  readonly pool?: string
  /** Whether the cluster's high availability manager starts and stops it. */
  ha: boolean
  /** Milliseconds since the epoch. */
  startedAt: number
}

/** Keys that a snapshot's section does not take over from the configuration, nor the configuration from it. */
const OWN_KEYS = ['snapstate', 'snaptime', 'vmstate', 'lock', 'digest', 'description']

/** The part of a configuration that goes into a snapshot and comes back out of it. */
export function copiedConfig(source: GuestConfig): GuestConfig {
  return Object.fromEntries(
    Object.entries(source).filter(([key]) => !OWN_KEYS.includes(key) && !/^unused\d+$/.test(key)),
  )
}

/** The configuration after a roll back: the snapshot's, but for the description and the unused volumes. */
export function appliedConfig(config: GuestConfig, snapshot: GuestConfig): GuestConfig {
  const kept = Object.entries(config).filter(([key]) => key === 'description' || /^unused\d+$/.test(key))
  return { ...Object.fromEntries(kept), ...copiedConfig(snapshot) }
}

/** "VM is locked (snapshot)". */
export function checkConfigLock({ kind, config }: Guest): void {
  if (config.lock !== undefined) die(`${kind.word} is locked (${config.lock})`)
}

/** Puts a volume that no line names any more into the first free `unusedN`. */
export function addUnused(config: GuestConfig, volume: string): void {
  const unused = Object.entries(config).filter(([key]) => /^unused\d+$/.test(key))
  if (unused.some(([, known]) => known === volume)) return
  const free = Array.from({ length: 256 }, (_, unit) => `unused${unit}`).find((key) => config[key] === undefined)
  if (free === undefined) die('Too many unused volumes - please delete them first.')
  config[free] = volume
}

/**
 * What a description is when it comes back from the file, where it stands as comment lines: without white space at its
 * end; undefined when nothing is left, because then there is no line.
 */
export function storedDescription(text: string): string | undefined {
  const stored = text.trimEnd()
  return stored === '' ? undefined : stored
}

/** Sets or takes away a description. */
export function describe(section: GuestConfig, text: string): void {
  const stored = storedDescription(text)
  if (stored === undefined) delete section.description
  else section.description = stored
}

/** Changes with every change of the file. */
export function digestOf({ config, snapshots }: Guest): string {
  return createHash('sha1')
    .update(JSON.stringify([config, [...snapshots]]))
    .digest('hex')
}
