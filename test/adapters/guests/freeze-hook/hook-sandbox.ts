import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { loadHelper } from '../../../../adapters/guests/helper/helper-file.ts'
import { execute, type Ran } from '../helper/sandbox.ts'

/** A guest's /etc in a folder: the installing scripts with their paths pointed there, and stand-ins for what they call. */
export interface HookSandbox {
  readonly root: string
  install(selinux?: 'ask' | 'allow'): Promise<ReadonlyMap<string, string>>
  remove(): Promise<Ran>
  write(path: string, content: string, mode?: number): Promise<void>
  read(path: string): Promise<string>
  /** Runs a program of the guest. */
  run(path: string, ...words: readonly string[]): Promise<Ran>
  close(): Promise<void>
}

export async function openHookSandbox(): Promise<HookSandbox> {
  const root = await mkdtemp(join(tmpdir(), 'stillshot-hook-'))
  const write = async (path: string, content: string, mode = 0o644) => {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content, { mode })
  }
  const script = async (which: 'install' | 'remove', before: string) => {
    const { freezeHook } = await loadHelper()
    const text = (freezeHook?.[which] ?? '')
      .replaceAll('PATH=/usr/sbin', `PATH=${root}/bin:/usr/sbin`)
      .replaceAll(/\/(etc|proc|run\/systemd|usr\/local)\//g, `${root}/$1/`)
    return execute('sh', ['-s'], { stdin: before + text, env: { PATH: `${root}/bin:${process.env.PATH}` } })
  }
  const program = (name: string, text: string) => write(`bin/${name}`, `#!/bin/sh\n${text}`, 0o755)
  await mkdir(join(root, 'etc/stillshot'), { recursive: true })
  await mkdir(join(root, 'run/systemd/system'), { recursive: true })
  await program('qemu-ga', '')
  await program('systemctl', `printf 'systemctl %s\\n' "$*" >>${root}/calls\n`)
  // What the helper is called with.
  await write('usr/local/sbin/stillshot-guest', `#!/bin/sh\nprintf '%s\\n' "$*" >>${root}/calls\n`, 0o755)
  await write('calls', '')
  return {
    root,
    write,
    read: (path) => readFile(join(root, path), 'utf8'),
    async install(selinux = 'ask') {
      const { status, stdout, stderr } = await script(
        'install',
        `PROFILE=mysql\nTTL=60000\nSTART=20000\nSELINUX=${selinux}\n`,
      )
      if (status !== 0) throw new Error(`install ended with ${status}: ${stderr}`)
      return new Map(stdout.split('\n').map((line) => line.split('\t') as [string, string]))
    },
    remove: () => script('remove', ''),
    run: (path, ...words) => execute(join(root, path), words),
    close: () => rm(root, { recursive: true, force: true }),
  }
}
