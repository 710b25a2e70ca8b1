/** What runs in a guest: a script for its `sh`, with words and input, as root unless a user is named. */
export type InGuest = (
  script: string,
  words: readonly string[],
  options?: { readonly stdin?: Buffer; readonly user?: string },
) => Promise<{ readonly status: number; readonly stdout: Buffer }>

/** guest.go says what each field means. */
export interface GuestDeed {
  readonly act: 'guest'
  readonly vm: string
  readonly do: 'ping' | 'folder' | 'put' | 'size' | 'get' | 'start' | 'look' | 'remove'
  readonly user: string
  readonly path: string
  readonly line: string
  /** In base64. */
  readonly data: string | null
  readonly pid: number
}

interface Program {
  ended: boolean
}

const FOLDER = 'umask 077; mktemp -d "/tmp/$1XXXXXX"'
const PUT = 'umask 077; set -C; cat >"$1"'

/** The part of VMware Tools: files and programs of guests, programs by a number of their own. */
export function openInGuest(find: (vm: string) => InGuest | undefined): (deed: GuestDeed) => Promise<object> {
  const programs = new Map<number, Program>()
  return async ({ vm, do: act, path, line, data, pid, user }) => {
    const inGuest = find(vm)
    if (inGuest === undefined) throw new Error(`no tools run in ${vm}`)
    const run = async (script: string, words: readonly string[], stdin?: Buffer) => {
      const { status, stdout } = await inGuest(script, words, { user, ...(stdin === undefined ? {} : { stdin }) })
      if (status !== 0) throw new Error(`${act} ${path}: status ${status}`)
      return stdout
    }
    if (act === 'folder') return { path: (await run(FOLDER, [path])).toString().trim() }
    if (act === 'put') await run(PUT, [path], Buffer.from(data ?? '', 'base64'))
    if (act === 'size') return { size: Number(await run('stat -c %s -- "$1"', [path])) }
    if (act === 'get') return { data: (await run('cat -- "$1"', [path])).toString('base64') }
    if (act === 'remove') await run('rm -rf -- "$1"', [path])
    if (act === 'ping') await run('true', [])
    if (act === 'start') return start(programs, () => inGuest(line, [], { user }))
    if (act === 'look') return programs.has(pid) ? { pid, ended: programs.get(pid)?.ended } : {}
    return {}
  }
}

function start(programs: Map<number, Program>, work: () => Promise<unknown>): { pid: number } {
  const pid = 1000 + programs.size
  const program: Program = { ended: false }
  programs.set(pid, program)
  const end = () => {
    program.ended = true
  }
  work().then(end, end)
  return { pid }
}
