import type { RestorePoint } from '../catalog/catalog.ts'
import type { InventoryAnswer } from '../guest/protocol/answers.ts'
import type { Part, StreamFacts } from '../repository/manifest.ts'
import type { OnContent } from './arriving-stream.ts'
import { type DumpEvidence, dumpEvidence } from './backup-manifest.ts'
import { type ConfigurationChanges, compareConfiguration } from './compare-configuration.ts'
import { type ConfigurationFacts, listenToConfiguration } from './configuration-facts.ts'
import { configurationReport } from './configuration-report.ts'
import { loadDescriptionKey } from './description-key.ts'
import type { Ports } from './ports.ts'

/** What is kept with the restore point; nothing where the configuration is no part of the backup. */
export type ConfigurationTold = Pick<DumpEvidence, 'configuration' | 'configurationChanges'>

/** Reads the streams of the configuration as they go by, and makes the report of them. */
export interface ConfigurationTeller {
  /** Who listens to such a stream; undefined for one that tells nothing. */
  of(stream: Pick<StreamFacts, 'part' | 'content'>): OnContent | undefined
  /** When all have gone by. */
  told(vm: string): Promise<{ readonly report: string; readonly evidence: ConfigurationTold }>
}

/** Undefined where the configuration is no part of the backup, or nothing of it is there. */
export async function configurationListener(
  { catalog, system, stateDirectory }: Ports,
  inventory: InventoryAnswer,
  parts: readonly Part[],
): Promise<ConfigurationTeller | undefined> {
  if (!parts.includes('configuration')) return undefined
  if (inventory.configuration.length === 0 && !inventory.packages) return undefined
  const listener = listenToConfiguration(inventory, await loadDescriptionKey(system, stateDirectory))
  return {
    of: ({ part, content }) => {
      if (part !== 'configuration') return undefined
      if (content === 'tar') return listener.archive
      return content === 'packages' ? listener.packages : undefined
    },
    told: async (vm) => {
      const configuration = listener.facts()
      const changes = changesSince(lastWithConfiguration(await catalog.points({ vm })), configuration)
      const evidence = { configuration, ...(changes === undefined ? {} : { configurationChanges: changes }) }
      return { report: configurationReport(configuration, changes), evidence }
    },
  }
}

/** The newest of the points, before the others, that knows the configuration; undefined where there is none. Pure. */
function lastWithConfiguration(points: readonly RestorePoint[]): RestorePoint | undefined {
  return points
    .filter((point) => dumpEvidence(point)?.configuration !== undefined)
    .toSorted((one, other) => other.createdAt.localeCompare(one.createdAt) || other.id.localeCompare(one.id))[0]
}

/** Pure. */
function changesSince(last: RestorePoint | undefined, now: ConfigurationFacts): ConfigurationChanges | undefined {
  const before = last === undefined ? undefined : dumpEvidence(last)?.configuration
  if (last === undefined || before === undefined) return undefined
  return { since: last.id, createdAt: last.createdAt, lines: compareConfiguration(before, now) }
}
