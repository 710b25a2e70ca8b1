import type { Command } from 'commander'
import type { RestorePoint } from '../../catalog/catalog.ts'
import type { VerifyReport } from '../../coordinator/verify-backup.ts'
import { StillshotError } from '../../errors.ts'
import type { App, Session } from '../app.ts'
import { formatBytes, line } from '../format.ts'
import type { Act, CommandResult } from '../result.ts'
import { openVm } from '../vms.ts'

export function verifyCommand(program: Command, act: Act): void {
  program
    .command('verify')
    .description('read a backup back and compare it with what was written; changes nothing')
    .argument('<point>', 'a backup, or the beginning of its id; or a name under vms:, for its newest backup')
    .action((point: string) => act('verify', (session, app) => verify(app, session, point)))
}

async function verify({ procedures, signal }: App, session: Session, named: string): Promise<CommandResult> {
  const point = await findBackup(session, named)
  const { ports } = await openVm(session, point.vm, { changesNothing: true })
  const report = await procedures.verifyBackup(ports, point, { signal })
  return { document: { ...report }, text: reportText(report) }
}

async function findBackup(session: Session, named: string): Promise<RestorePoint> {
  const catalog = await session.catalog()
  const { vms } = await session.settings()
  if (!Object.hasOwn(vms, named)) {
    const point = await catalog.point(named)
    if (point !== undefined) return point
    throw new StillshotError('point-not-found', `there is no restore point and no VM ${named}`)
  }
  const newest = (await catalog.points({ vm: named })).find(({ kind }) => kind === 'dump')
  if (newest !== undefined) return newest
  throw new StillshotError('point-not-found', `${named} has no backup`)
}

function reportText({ vm, point, where, streams }: VerifyReport): string {
  const lines = [line`${vm}: backup ${point} is as it was written, in ${where}`]
  for (const { name, sizeBytes, opened } of streams) {
    const sealed = opened ? '' : ', sealed: its bytes are as they were written, what is in them was not looked at'
    lines.push(line`  ${name}: ${formatBytes(sizeBytes)}${sealed}`)
  }
  return `${lines.join('\n')}\n`
}
