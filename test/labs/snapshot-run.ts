import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { StillshotCli } from './stillshot-cli.ts'

/** One `stillshot snapshot`, however it ended. */
export interface SnapshotRun {
  readonly status: number | null
  readonly points: readonly RestorePoint[]
  readonly failed: readonly { readonly code: string; readonly message: string; readonly hint: string }[]
  /** All that it printed. */
  readonly text: string
}

export async function runSnapshot(cli: StillshotCli, ...options: readonly string[]): Promise<SnapshotRun> {
  const { status, stdout, stderr } = await cli.run('--json', 'snapshot', cli.vm, ...options)
  const { points, failed } = JSON.parse(stdout) as Pick<SnapshotRun, 'points' | 'failed'>
  return { status, points, failed, text: `${stdout}\n${stderr}` }
}
