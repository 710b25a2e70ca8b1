import type { RestorePoint } from '../catalog/catalog.ts'
import type { Finding } from '../finding.ts'
import { GRADES, type Grade } from '../grade/grade.ts'
import type { Proof } from '../grade/proof.ts'
import type { InventoryAnswer } from '../guest/protocol/answers.ts'
import type { Manifest, ServerFacts, StreamFacts } from '../repository/manifest.ts'
import type { ByHand, Repository } from '../repository/repository.ts'
import { openByHand } from '../repository/stored-stream.ts'
import type { ConfigurationChanges } from './compare-configuration.ts'
import type { ConfigurationFacts } from './configuration-facts.ts'

/** What a restore point of kind `dump` keeps beside its grade. */
export interface DumpEvidence {
  readonly version: 1
  readonly proofs: readonly Proof[]
  readonly findings: readonly Finding[]
  /** Name under `repositories:`. */
  readonly repository: string
  readonly manifest: Manifest
  /** Of one that has the configuration: what may be told of it, and what changed since the last one. */
  readonly configuration?: ConfigurationFacts
  readonly configurationChanges?: ConfigurationChanges
  /** Of a point that was read back from its manifest. */
  readonly readBack?: { readonly claimed: Grade; readonly verified: boolean }
}

/** The evidence of a point of kind `dump`; undefined for any other. */
export function dumpEvidence({ kind, evidence }: Pick<RestorePoint, 'kind' | 'evidence'>): DumpEvidence | undefined {
  if (kind !== 'dump') return undefined
  const { manifest, repository } = (evidence ?? {}) as Partial<DumpEvidence>
  return manifest === undefined || repository === undefined ? undefined : (evidence as DumpEvidence)
}

/** What only the run itself saw. */
type Seen = Partial<Pick<DumpEvidence, 'proofs' | 'findings' | 'configuration' | 'configurationChanges'>>

/** The restore point of a backup that is whole, as its manifest tells it; what the run saw beside it, if that is known. */
export function pointOfManifest(
  repository: Repository,
  manifest: Manifest,
  { proofs = [], findings = [], ...told }: Seen = {},
): RestorePoint {
  const { id, vm, hypervisor, createdAt, reasons, note } = manifest
  const evidence: DumpEvidence = { version: 1, proofs, findings, repository: repository.name, manifest, ...told }
  return {
    ...{ version: 1, id, run: id, vm, vmKey: manifest.vmKey, hypervisor, createdAt, kind: 'dump', mode: 'none' },
    ...{ snapshot: `${repository.name}: ${repository.whereabouts({ vm, id })}`, reasons, evidence },
    grade: gradeOf(manifest),
    ...(note === undefined ? {} : { note }),
  }
}

/** The grade that a manifest claims. */
function gradeOf({ grade: claimed }: Manifest): Grade {
  return GRADES.find((grade) => grade === claimed) ?? 'suspect'
}

/**
 * The point of a backup whose run cannot be asked any more. Its grade is the claimed one only where the manifest is signed by this
 * coordinator's key; else somebody else may have written it, or changed it, and it is `suspect`. Pure.
 */
export function pointReadBack(repository: Repository, manifest: Manifest, verified: boolean): RestorePoint {
  const point = pointOfManifest(repository, manifest)
  const claimed = gradeOf(manifest)
  const evidence = { ...(point.evidence as DumpEvidence), readBack: { claimed, verified } }
  if (verified) return { ...point, evidence }
  const message = `its manifest claims ${claimed} for ${manifest.vm}, and is not signed by the key of this coordinator`
  return { ...point, grade: 'suspect', reasons: [{ code: 'claimed', message }], evidence }
}

export function serverFacts(
  { variables, dumpVersion, databases }: InventoryAnswer,
  position: ServerFacts['position'],
): ServerFacts {
  return {
    version: variables.version ?? 'unknown',
    comment: variables.version_comment ?? '',
    dumpProgram: dumpVersion,
    databases: databases.map(({ name }) => name),
    position,
    ...(variables.server_uuid === undefined ? {} : { uuid: variables.server_uuid }),
  }
}

/**
 * What a person types to read the backup back without stillshot, in its folder. Databases are dropped first: tables that are
 * replaced one by one meet the foreign keys of those that are still old (errno 150); and without a look at those of others, which would
 * keep a database from being dropped. The client takes statements only: what begins a dump of a newer mariadb-dump is a command that an
 * older client does not know. Pure.
 */
export function restoreCommands(
  streams: readonly StreamFacts[],
  server: ServerFacts | null,
  hand: ByHand,
): readonly string[] {
  const databases = server?.databases ?? []
  return [
    ...hand.begin,
    ...streams.flatMap((stream) => {
      const unpack = openByHand(stream, hand)
      switch (stream.content) {
        case 'sql':
          return [
            ...databases.map(
              (database) => `${MYSQL} -e ${shellQuoted(`${NO_KEYS}; DROP DATABASE IF EXISTS ${identifier(database)}`)}`,
            ),
            // A row may be twice as long in the dump as in the server.
            "mysql -e 'SET GLOBAL max_allowed_packet = 1073741824'",
            `${unpack} | mysql --binary-mode --max-allowed-packet=1G`,
          ]
        case 'users':
          return [`${unpack} | mysql   # accounts and their rights, where they are wanted back`]
        case 'binlog':
          return [`${unpack} | mysql --binary-mode   # over the databases of the backup before it, and once`]
        case 'tar':
          return [`${unpack} | tar -xf - -C / --numeric-owner --same-permissions --acls --xattrs`]
        case 'report':
          return [`${unpack}   # the configuration, and what changed in it`]
        default:
          return [`${unpack}   # what was installed`]
      }
    }),
  ]
}

/** A name is written as the server means it, whatever the person's terminal is set to. */
const MYSQL = 'mysql --default-character-set=utf8mb4'
const NO_KEYS = 'SET FOREIGN_KEY_CHECKS = 0'

function identifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** One word of a POSIX shell. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
