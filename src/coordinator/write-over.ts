import { StillshotError, toStillshotError } from '../errors.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import { type Compared, isUnder } from './compare-files.ts'
import { filesBack, sayOver, TRY_FOR_MS } from './files-back.ts'
import type { Loading } from './load-databases.ts'
import type { Run } from './run.ts'
import { unpackFiles } from './unpack-files.ts'

export interface WritingOver {
  readonly run: Run
  readonly vm: Vm
  readonly loading: Loading
  /** A part each, as it was compared while the application stood still. */
  readonly compared: readonly Compared[]
  /** The copy of what is there; undefined where none was made. */
  readonly safety: string | undefined
}

/** All of it is copied once more where a folder lies on a file system of its own. */
const WRITE_MS = 14_400_000

/**
 * Writes what differs over what is there, and keeps the old until {@link keepWritten}. The guest writes nothing before all has
 * arrived, and puts back what it had written where something fails. Rejects with `load-failed`, and what the guest refused.
 */
export async function writeOver({ run, vm, loading, compared, safety }: WritingOver): Promise<readonly string[]> {
  const paths = compared.flatMap(({ difference, wanted }) => withAnyOf(difference.paths, wanted))
  if (paths.length === 0) return []
  const order = { profile: loading.profile, run: run.id, held: loading.claim.held, paths, machine: vm.uuid }
  await run.saga.step({ step: 'write-over', undo: filesBack(order, safety) }, async () => {
    for (const { difference, wanted } of compared) {
      const among = withAnyOf(difference.paths, wanted)
      if (among.length > 0)
        await unpackFiles(loading, { part: difference.part, paths: among, id: run.id, only: wanted })
    }
    const { clock, signal } = loading
    await sayOver(run.helper, { ...order, way: 'forward' }, { clock, signal, timeoutMs: WRITE_MS }).catch((thrown) => {
      throw explained(thrown)
    })
  })
  return paths
}

/** The old files are not kept any longer: the application runs with the new ones. */
export async function keepWritten({ run, vm, loading }: WritingOver, paths: readonly string[]): Promise<void> {
  const order = { profile: loading.profile, run: run.id, held: loading.claim.held, paths, machine: vm.uuid }
  const call = { clock: loading.clock, timeoutMs: TRY_FOR_MS }
  await run.saga.step({ step: 'tidy' }, () => sayOver(run.helper, { ...order, way: 'done' }, call), {
    settles: ['write-over'],
  })
}

function explained(thrown: unknown): unknown {
  const { code, message, details } = toStillshotError(thrown)
  if (code !== 'helper-failed') return thrown
  const hint = HINTS[String(details.helperCode)]
  return new StillshotError('load-failed', message, { details, cause: thrown, ...(hint === undefined ? {} : { hint }) })
}

const HINTS: Readonly<Record<string, string>> = {
  'path-is-link': 'a link leads elsewhere: take it away, or restore beside, without --over, and move what is wanted',
  'path-in-way': 'move the folder away, which is not deleted by a restore, or restore beside, without --over',
  'folder-missing': 'leave out --path, or name the folder above with it',
  'coreutils-missing': 'restore beside, without --over, and move what is wanted',
}

/** Those of the paths at or below which something is wanted. */
function withAnyOf(paths: readonly string[], wanted: ReadonlySet<string>): readonly string[] {
  return paths.filter((path) => [...wanted].some((each) => isUnder(each, [path])))
}
