import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openSandbox, profileText } from '../../adapters/guests/helper/sandbox.ts'
import { startSshd } from '../../adapters/guests/ssh/local-sshd.ts'
import { dumpProgram, writePiece } from './dump-source.ts'

/** A guest that is as fast as this machine: the helper in a folder behind a real sshd, with a program that dumps a file. */
export interface Site {
  readonly folder: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly clientKey: string
  readonly knownHosts: string
  /** Prints the dump. */
  readonly dump: string
  close(): Promise<void>
}

export async function openSite(bytes: number): Promise<Site> {
  const guest = await openSandbox('dash')
  const sshd = await startSshd()
  const dump = join(guest.root, 'bin/mariadb-dump')
  const piece = join(guest.root, 'piece.sql')
  await writePiece(piece)
  await writeFile(dump, dumpProgram(piece, bytes), { mode: 0o755 })
  await mkdir(join(guest.root, 'repository'))
  await guest.write('etc/profiles/app', profileText('app', 'component dbms auto 2 5', 'allow backup'))
  // The helper of this guest lies elsewhere than a helper does; every other command is carried out as it is.
  const gate = join(guest.root, 'gate')
  writeFileSync(gate, gateText(guest.root))
  chmodSync(gate, 0o755)
  const keys = join(sshd.folder, 'authorized_keys')
  writeFileSync(keys, `command="${gate}" ${readFileSync(`${sshd.clientKey}.pub`, 'utf8')}`)
  const { host, port, user } = sshd.target
  return {
    ...{ folder: guest.root, host, port: port ?? 22, user, clientKey: sshd.clientKey, dump },
    knownHosts: sshd.write('known_hosts', `${sshd.name} ${sshd.publicKey('host_ed25519')}\n`),
    close: async () => {
      await sshd.stop()
      await guest.remove()
    },
  }
}

function gateText(root: string): string {
  return `#!/bin/sh
case $SSH_ORIGINAL_COMMAND in
  *stillshot-guest*)
    eval "set -- $SSH_ORIGINAL_COMMAND"
    while [ "\${1##*/}" != stillshot-guest ]; do shift; done
    shift
    exec '${root}/stillshot-guest' "$@"
    ;;
esac
exec sh -c "$SSH_ORIGINAL_COMMAND"
`
}

/** What a person types in place of us. */
export function byHand({ host, port, user, clientKey, knownHosts, dump }: Site, packer: string, path: string): void {
  const options = ['-i', clientKey, '-p', String(port), '-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'BatchMode=yes']
  const quoted = [...options, `${user}@${host}`, `${dump} | ${packer}`].map((word) => `'${word}'`).join(' ')
  execFileSync('sh', ['-c', `exec ssh -F none ${quoted} > '${path}'`], { stdio: ['ignore', 'ignore', 'inherit'] })
}
