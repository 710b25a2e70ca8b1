import type { RestorePoint } from '../catalog/catalog.ts'
import type { Finding } from '../finding.ts'
import { GRADES } from '../grade/grade.ts'
import type { Proof } from '../grade/proof.ts'
import type { InventoryAnswer } from '../guest/protocol/answers.ts'
import type { Manifest, ServerFacts, StreamFacts } from '../repository/manifest.ts'
import type { ByHand, Repository } from '../repository/repository.ts'
import { openByHand } from '../repository/stored-stream.ts'

/** What a restore point of kind `dump` keeps beside its grade. */
export interface DumpEvidence {
  readonly version: 1
  readonly proofs: readonly Proof[]
  readonly findings: readonly Finding[]
  /** Name under `repositories:`. */
  readonly repository: string
  readonly manifest: Manifest
}

/** The evidence of a point of kind `dump`; undefined for any other. */
export function dumpEvidence({ kind, evidence }: Pick<RestorePoint, 'kind' | 'evidence'>): DumpEvidence | undefined {
  if (kind !== 'dump') return undefined
  const { manifest, repository } = (evidence ?? {}) as Partial<DumpEvidence>
  return manifest === undefined || repository === undefined ? undefined : (evidence as DumpEvidence)
}

/** The restore point of a backup that is whole, as its manifest tells it; what the run saw beside it, if that is known. */
export function pointOfManifest(
  repository: Repository,
  manifest: Manifest,
  { proofs = [], findings = [] }: Partial<Pick<DumpEvidence, 'proofs' | 'findings'>> = {},
): RestorePoint {
  const { id, vm, hypervisor, createdAt, reasons, note } = manifest
  const evidence: DumpEvidence = { version: 1, proofs, findings, repository: repository.name, manifest }
  return {
    ...{ version: 1, id, run: id, vm, vmKey: manifest.vmKey, hypervisor, createdAt, kind: 'dump', mode: 'none' },
    ...{ snapshot: `${repository.name}: ${repository.whereabouts({ vm, id })}`, reasons, evidence },
    grade: GRADES.find((grade) => grade === manifest.grade) ?? 'suspect',
    ...(note === undefined ? {} : { note }),
  }
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
 * replaced one by one meet the foreign keys of those that are still old (errno 150). Pure.
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
              (database) => `mysql -e ${shellQuoted(`DROP DATABASE IF EXISTS ${identifier(database)}`)}`,
            ),
            // A row may be twice as long in the dump as in the server.
            "mysql -e 'SET GLOBAL max_allowed_packet = 1073741824'",
            `${unpack} | mysql --max-allowed-packet=1G`,
          ]
        case 'users':
          return [`${unpack} | mysql   # accounts and their rights, where they are wanted back`]
        case 'binlog':
          return [`${unpack} | mysql --binary-mode   # over the databases of the backup before it, and once`]
        case 'tar':
          return [`${unpack} | tar -xf - -C / --numeric-owner --same-permissions --acls --xattrs`]
        default:
          return [`${unpack}   # what was installed`]
      }
    }),
  ]
}

function identifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** One word of a POSIX shell. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
