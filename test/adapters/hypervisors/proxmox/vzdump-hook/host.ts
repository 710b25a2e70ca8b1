import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadVzdumpScript } from '../../../../../adapters/hypervisors/proxmox/vzdump-hook/vzdump-script.ts'
import { type Reach, vzdumpScript } from '../../../../../src/cli/hook/install-script.ts'
import type { BackedUpGuest, VzdumpJob } from '../../../../labs/proxmox/vzdump/job.ts'
import { waitFor } from '../../../../labs/wait-for.ts'
import { SHELLS, type ShellName } from '../../../guests/helper/sandbox.ts'

export const RUN = '01JDABCDEFGHJKMNPQRSTVWXYZ'

/** How the imitated coordinator behaves, as a part of a shell script: what it says at the beginning of a backup. */
export const COORDINATOR = {
  good: `until_hold; echo "held ${RUN}"; until_word; case $word in started) echo "released ${RUN} 1234" ;; *) echo "failed backup-lost $word" ;; esac`,
  slow: `until_hold; sleep 1; echo "held ${RUN}"; until_word; sleep 2; echo "released ${RUN} 1234"`,
  refuses: `until_hold; echo 'failed hold-refused db1: no $(touch hurt) ; "quoted" way'; exit 37`,
  'not ours': 'until_hold; echo not-ours',
  unreachable: 'echo "ssh: connect to host coordinator port 22: No route to host" >&2; exit 255',
  'is not back': `until_hold; echo "held ${RUN}"; until_word; echo "released ${RUN} 1234"; echo "failed come-back-failed db1 is not back"; exit 42`,
  expires: `until_hold; echo "held ${RUN}"; sleep 1; echo "failed hold-expired db1: the backup had not started"; exit 38`,
} as const
export type Coordinator = keyof typeof COORDINATOR

export interface HookHost {
  readonly root: string
  readonly script: string
  job(...guests: readonly Partial<BackedUpGuest>[]): VzdumpJob
  /** What the coordinator was asked, in order: the words, then its standard input. */
  asked(): Promise<readonly { readonly words: string; readonly input: readonly string[] }[]>
  /** What is left of the script’s own files. */
  left(): Promise<readonly string[]>
  /** Resolves when no call is under way. */
  quiet(): Promise<void>
  remove(): Promise<void>
}

export interface HookHostOptions {
  readonly coordinator: Coordinator
  /** Another coordinator than the imitated one. */
  readonly reach?: Reach
  readonly onFailure?: 'fail' | 'continue'
  readonly vmids?: readonly string[]
  /** What `backup-end` is answered. */
  readonly end?: string
}

/** A host of Proxmox VE in a folder: the script under this shell, and an imitated coordinator that writes down what it hears. */
export async function openHookHost(shell: ShellName, options: HookHostOptions): Promise<HookHost> {
  const { coordinator, onFailure = 'fail', vmids = ['100'], end = `finished ${RUN} db-stopped` } = options
  const root = await mkdtemp(join(tmpdir(), 'stillshot-vzdump-'))
  for (const folder of ['asked', 'running', 'dump']) await mkdir(join(root, folder))
  const command = join(root, 'coordinator')
  await writeFile(command, imitated(root, COORDINATOR[coordinator], end))
  await chmod(command, 0o755)
  const reach: Reach = options.reach ?? { kind: 'here', command: [command], hypervisor: 'pve' }
  const text = vzdumpScript(await loadVzdumpScript(), { reach, onFailure, vmids })
    .replace('#!/bin/sh', `#!${SHELLS[shell]}`)
    .replace(/^STATE=.*$/m, `STATE=${root}/state`)
    .replace(/^TASKS=.*$/m, `TASKS=${root}/tasks`)
    .replace(/^LOGS=.*$/m, `LOGS=${root}/logs`)
    // Where `env` finds its shell on this machine, and no alarm in this machine's journal.
    .replace('PATH=/usr/sbin', `PATH=${root}/bin:/usr/sbin`)
  const script = join(root, 'stillshot-vzdump')
  await writeFile(script, text)
  await chmod(script, 0o755)
  await mkdir(join(root, 'bin'))
  await writeFile(join(root, 'bin/logger'), `#!/bin/sh\necho "$*" >>${root}/alarms\n`, { mode: 0o755 })
  const asked = async () =>
    Promise.all(
      (await readdir(join(root, 'asked'))).sort().map(async (name) => {
        const [words = '', ...input] = (await readFile(join(root, 'asked', name), 'utf8')).trimEnd().split('\n')
        return { words, input }
      }),
    )
  return {
    root,
    script,
    job: (...guests) => ({
      ...{ root, script, storage: 'nas' },
      guests: (guests.length === 0 ? [{}] : guests).map((guest) => ({
        ...{ vmid: 100, type: 'qemu', mode: 'snapshot', point: 50, archiveMs: 200 },
        disks: [
          { id: 'scsi0', backup: true },
          { id: 'scsi1', backup: false },
        ],
        ...guest,
      })),
    }),
    asked,
    left: () => readdir(join(root, 'state')).catch(() => []),
    async quiet() {
      const none = async () => ((await readdir(join(root, 'running'))).length === 0 ? true : undefined)
      await waitFor(none, { what: 'the end of all calls', timeoutMs: 30_000, everyMs: 50 })
    },
    remove: () => rm(root, { recursive: true, force: true }),
  }
}

function imitated(root: string, start: string, end: string): string {
  return `#!/bin/sh
until_hold() { while read -r word; do [ "$word" != alive ] && echo "$word" >>"$file"; [ "$word" != hold ] || return 0; done; }
until_word() { word=hung-up; while read -r word; do [ "$word" = alive ] || break; done; echo "\${word:=hung-up}" >>"$file"; }
: >${root}/running/$$
trap 'rm -f ${root}/running/$$' EXIT
file=${root}/asked/$(date +%s%N)
echo "$*" >"$file"
shift 4
case $1 in
  backup-start) ${start} ;;
  backup-end) while read -r word; do echo "$word" >>"$file"; [ "$word" != end ] || break; done; echo '${end}' ;;
  backup-abort) echo "dropped ${RUN}" ;;
esac
`
}
