import { StillshotError } from '../../../src/errors.ts'
import type { AgentCommand, AgentCommandEnd } from '../../../src/hypervisor/hypervisor.ts'
import { shellWord } from '../../../src/system/shell-word.ts'
import type { Call } from '../../https/call.ts'
import { askGuest, type GuestAccess } from './guest-access.ts'
import { field, list, number, text } from './values.ts'
import type { Errand } from './vim.ts'
import { isFault } from './vsphere-errors.ts'

/** What a program may write, and read, in bytes: it is held in memory. */
const LARGEST_FILE = 16 * 1024 ** 2

const PREFIX = 'stillshot-'
/** It is removed with all that is in it, so it must be one that was made for that. */
const OWN_FOLDER = /^(?:\/[\w-][\w.-]*)*\/stillshot-[\w.-]+$/

/** VMware Tools tell of a program only when they are asked. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

/** How long tidying up may hold up what was asked for. */
const TIDY_LIMIT_MS = 5_000

/**
 * Runs `$@` with what lies in the folder `$1`; its status is a file, because a program that a signal ended has none of its own there. Input
 * may hold a secret, so it is gone from the disk before the program begins.
 */
const WRAPPER = `umask 077; f=$1; shift
if [ -e "$f/in" ]; then exec <"$f/in"; rm -f "$f/in"; else exec </dev/null; fi
"$@" >"$f/out" 2>"$f/err"
echo $? >"$f/new" && mv -f "$f/new" "$f/status"`

/** Starts the program once, in a folder of its own that only its account sees, and asks until it has ended. */
export async function execInGuest(access: GuestAccess, command: AgentCommand, call: Call): Promise<AgentCommandEnd> {
  const { argv, stdin = '' } = command
  const errand = { call, doing: `run ${argv[0]} in ${access.vm.name}` }
  if (Buffer.byteLength(stdin) > LARGEST_FILE) {
    throw new StillshotError('hypervisor-refused', `${errand.doing}: its input is longer than ${LARGEST_FILE} bytes`)
  }
  const made = { prefix: PREFIX, suffix: '' }
  const folder = text(await askGuest(access, files('CreateTemporaryDirectoryInGuest'), made, errand))
  if (!OWN_FOLDER.test(folder)) {
    throw new StillshotError('hypervisor-refused', `${errand.doing}: the guest named no folder that could be its own`)
  }
  try {
    if (stdin !== '') await putFile(access, `${folder}/in`, stdin, errand)
    const words = ['-c', WRAPPER, 'sh', folder, ...argv]
    // The guest's own shell reads the line.
    const spec = { programPath: '/bin/sh', arguments: words.map(quoted).join(' ') }
    const pid = text(await askGuest(access, processes('StartProgramInGuest'), { spec }, errand))
    await untilEnded(access, pid, errand)
    const [status, stdout, stderr] = [
      (await getFile(access, `${folder}/status`, errand)).trim(),
      await getFile(access, `${folder}/out`, errand),
      await getFile(access, `${folder}/err`, errand),
    ]
    if (!/^\d{1,3}$/.test(status)) throw notTold(errand)
    return { exitStatus: Number(status), stdout, stderr }
  } catch (error) {
    // A wrapper that was killed has left no status; a guest that boots may empty its folder for temporary files.
    throw isFault(error, 'FileNotFound') ? notTold(errand) : error
  } finally {
    await tidy(access, folder)
  }
}

function files(
  operation:
    | 'CreateTemporaryDirectoryInGuest'
    | 'InitiateFileTransferToGuest'
    | 'InitiateFileTransferFromGuest'
    | 'DeleteDirectoryInGuest',
) {
  return { manager: 'fileManager', operation } as const
}

function processes(operation: 'StartProgramInGuest' | 'ListProcessesInGuest') {
  return { manager: 'processManager', operation } as const
}

/** Also an empty word, which would be none. */
function quoted(word: string): string {
  return word === '' ? "''" : shellWord(word)
}

function notTold({ doing }: Errand): StillshotError {
  return new StillshotError('answer-lost', `${doing}: the guest does not say how it ended`)
}

async function untilEnded(access: GuestAccess, pid: string, errand: Errand): Promise<void> {
  const { clock } = access.site
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const seen = list(await askGuest(access, processes('ListProcessesInGuest'), { pids: [pid] }, errand))
    const own = seen.find((each) => text(field(each, 'pid')) === pid)
    if (own === undefined) throw notTold(errand)
    if (text(field(own, 'endTime')) !== '') return
    await clock.sleep(pauseMs, errand.call.signal)
  }
}

async function putFile(access: GuestAccess, path: string, content: string, errand: Errand): Promise<void> {
  const fields = {
    guestFilePath: path,
    fileAttributes: { attributes: { 'xsi:type': 'GuestPosixFileAttributes' }, permissions: 0o600 },
    fileSize: Buffer.byteLength(content),
    overwrite: false,
  }
  const address = text(await askGuest(access, files('InitiateFileTransferToGuest'), fields, errand))
  await access.files.put(address, content, errand)
}

async function getFile(access: GuestAccess, path: string, errand: Errand): Promise<string> {
  const told = await askGuest(access, files('InitiateFileTransferFromGuest'), { guestFilePath: path }, errand)
  const size = number(field(told, 'size'))
  if (size === 0) return ''
  if (!(size <= LARGEST_FILE)) {
    throw new StillshotError('hypervisor-refused', `${errand.doing}: it wrote more than ${LARGEST_FILE} bytes`)
  }
  return access.files.get(text(field(told, 'url')), errand)
}

/** Whoever gave up has gone, but the folder may hold a secret. */
async function tidy(access: GuestAccess, folder: string): Promise<void> {
  using limit = access.site.clock.deadline(TIDY_LIMIT_MS)
  const errand = { call: { signal: limit.signal, changeSent: false }, doing: 'tidy up in the guest' }
  const fields = { directoryPath: folder, recursive: true }
  await askGuest(access, files('DeleteDirectoryInGuest'), fields, errand).catch(() => {})
}
