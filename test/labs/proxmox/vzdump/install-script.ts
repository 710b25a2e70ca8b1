import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StillshotCli } from '../../stillshot-cli.ts'

/** vzdump's script, as `hook install` writes it for stillshot on the host itself, in a folder that stands for the host: its path. */
export async function installScript(cli: StillshotCli, hypervisor: string, root: string): Promise<string> {
  const written = join(cli.folder, 'stillshot-vzdump')
  const path = join(root, 'script')
  await mkdir(root, { recursive: true })
  await rm(written, { force: true })
  await cli.json('hook', 'install', hypervisor, written)
  const text = (await readFile(written, 'utf8'))
    .replace(/^STATE=.*$/m, `STATE=${root}/state`)
    .replace(/^TASKS=.*$/m, `TASKS=${root}/tasks`)
    .replace(/^LOGS=.*$/m, `LOGS=${root}/logs`)
  await writeFile(path, text)
  await chmod(path, 0o755)
  return path
}
