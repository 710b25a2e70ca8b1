import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LibvirtHost } from './host.ts'
import type { Request } from './virsh-session.ts'

/**
 * Runs a virsh command that reads its XML from a file; `command` gets the file's path. The XML may hold a console's
 * password, so the file is readable by its owner only and gone afterwards.
 */
export async function runWithXml(
  host: LibvirtHost,
  xml: string,
  command: (path: string) => readonly (readonly string[])[],
  request: Request,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-libvirt-'))
  try {
    const path = join(folder, 'change.xml')
    await writeFile(path, xml, { mode: 0o600 })
    await host.session.run(command(path), { ...request, change: true })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Replaces what libvirt keeps about a snapshot; the current one stays the current one. Idempotent. */
export function redefineSnapshot(host: LibvirtHost, uuid: string, xml: string, request: Request): Promise<void> {
  return runWithXml(host, xml, (path) => [['snapshot-create', uuid, path, '--redefine']], request)
}
