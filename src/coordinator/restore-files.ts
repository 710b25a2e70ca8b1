import type { RestorePoint } from '../catalog/catalog.ts'
import type { Finding } from '../finding.ts'
import type { InventoryAnswer } from '../guest/protocol/answers.ts'
import type { Part } from '../repository/manifest.ts'
import { openStream } from '../repository/stored-stream.ts'
import { watched } from './arriving-stream.ts'
import { dumpEvidence } from './backup-manifest.ts'
import type { Compared } from './compare-files.ts'
import { compareWithCopy, type FilesLook, lookAtFiles } from './look-at-files.ts'
import type { BackupRestorePlan } from './plan-backup-restore.ts'
import { overFindings, releaseFindings } from './release-differences.ts'

export interface FilesSeen {
  readonly compared: readonly Compared[]
  readonly findings: readonly Finding[]
}

/**
 * How each archive of the plan differs from the guest, and what that means. `copy`: what is in the guest as it was just copied;
 * without it the guest is read. Changes nothing.
 */
export async function seeFiles(
  look: FilesLook,
  plan: BackupRestorePlan,
  inventory: InventoryAnswer,
  copy?: RestorePoint,
): Promise<FilesSeen> {
  const copied = copy && dumpEvidence(copy)?.manifest
  const compared: Compared[] = []
  for (const archive of plan.archives) {
    compared.push(await (copied === undefined ? lookAtFiles(look, archive) : compareWithCopy(look, archive, copied)))
  }
  const differences = compared.map(({ difference }) => difference)
  const paths = plan.archives.flatMap((archive) => archive.paths)
  const packages = { backup: await packagesThen(look), guest: inventory.packages ? await packagesNow(look) : undefined }
  const findings = releaseFindings(packages, paths)
  return { compared, findings: plan.over ? [...findings, ...overFindings(differences, plan)] : findings }
}

/** What is copied before anything is replaced: of what is there. Pure. */
export function copiedBefore(
  { databases, archives, over }: BackupRestorePlan,
  inventory: InventoryAnswer,
  hasDatabases: boolean,
): { readonly parts: readonly Part[]; readonly paths?: readonly string[] } {
  const dumped: readonly Part[] = hasDatabases && databases.length > 0 ? ['databases'] : []
  if (!over) return { parts: dumped }
  const there = archives.filter(({ part }) => part !== 'databases' && inventory[part].length > 0)
  return { parts: [...dumped, ...there.map(({ part }) => part)], paths: archives.flatMap(({ paths }) => paths) }
}

/** Far more than any guest has installed. */
const LONGEST_LIST_BYTES = 16 * 1024 * 1024

async function packagesThen({ repository, manifest, signal }: FilesLook): Promise<string | undefined> {
  const stream = manifest.streams.find(({ content }) => content === 'packages')
  if (stream === undefined) return undefined
  return textOf(openStream(repository, { vm: manifest.vm, id: manifest.id }, stream, signal))
}

/** A list that cannot be had is no reason to restore nothing. */
async function packagesNow({ helper, profile, machine, signal }: FilesLook): Promise<string | undefined> {
  let text = ''
  const { exitStatus } = await helper.stream('packages', [profile], {
    ...{ machine, signal, timeoutMs: 120_000 },
    output: async (bytes) => {
      text = await textOf(watched(bytes, () => {}))
    },
  })
  return exitStatus === 0 ? text : undefined
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of bytes) {
    length += piece.length
    if (length <= LONGEST_LIST_BYTES) pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}
