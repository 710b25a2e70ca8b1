import type { CommandResult } from '../../../src/guest/guest-shell.ts'
import { filesOfSmallTar, smallTar } from '../../repository/tar/small-tar.ts'
import { word } from './helper-parts.ts'
import type { GuestDisk } from './machine.ts'
import type { RestoreParts, StreamTroubles } from './restores.ts'

export const FOLDER = '/var/www/html'
const NAMES = ['a', 'b'] as const

/** The two files of the application, a word each; alike unless somebody is in the middle of writing them. */
export type TwoFiles = readonly [string, string]

/** The mark of a restore that writes over what is there, with the second names of the old files. */
export interface OverMark {
  readonly state: 'writing' | 'written'
  readonly old: TwoFiles
}

/** What a disk begins with. */
export const NO_FILES_WRITTEN: Pick<GuestDisk, 'files' | 'staged' | 'over'> = {
  files: ['f0', 'f0'],
  staged: {},
  over: {},
}

const STREAMS = ['archive', 'unpack']

/** The verbs that copy files, put them aside, and write them over what is there. */
export class GuestFiles {
  readonly #parts: RestoreParts
  readonly #troubles: StreamTroubles
  /** By run, outside of every disk: what the files were before it, and what it ended with. */
  readonly ended = new Map<
    string,
    { readonly way: string; readonly files: TwoFiles; readonly old: TwoFiles | undefined }
  >()

  constructor(parts: RestoreParts, troubles: StreamTroubles) {
    this.#parts = parts
    this.#troubles = troubles
  }

  static streams(verb: string): boolean {
    return STREAMS.includes(verb)
  }

  async stream(verb: string, words: readonly string[], stdin: string): Promise<CommandResult> {
    const { machine, chance } = this.#parts
    await machine.sleep(chance.between(20, 1_000))
    const { cutsNext, failsNext } = this.#troubles
    Object.assign(this.#troubles, { cutsNext: false, failsNext: false })
    if (failsNext) return { exitStatus: 2, stdout: '', stderr: 'tar: Exiting with failure status' }
    if (verb === 'archive') {
      const { files } = machine.disk
      const members = files.map((content, index) => ({ path: `${FOLDER}/${NAMES[index]}`, content }))
      const stdout = smallTar([{ path: FOLDER }, ...members])
      return { exitStatus: 0, stdout: cutsNext ? stdout.slice(0, -600) : stdout, stderr: '' }
    }
    if (cutsNext) return { exitStatus: 2, stdout: '', stderr: 'tar: Unexpected EOF in archive' }
    const unpacked = filesOfSmallTar(stdin.slice(stdin.indexOf('\n\n') + 2))
    const contentOf = (name: string) => unpacked.find(({ path }) => path === `${FOLDER}/${name}`)?.content ?? null
    const staged = { ...machine.disk.staged, [word(words, 1)]: [contentOf('a'), contentOf('b')] as const }
    machine.sync({ staged })
    return { exitStatus: 0, stdout: '', stderr: '' }
  }

  /** `over PROFILE ID WAY held|free`. */
  async over([, run = '', way = '', held]: readonly string[]): Promise<string> {
    const { machine, holds, lock, say, refuse } = this.#parts
    using locked = await lock.take(60_000)
    if (locked === undefined) return refuse(run, 'guest-locked', 'another verb is at work', 'over')
    const mark = machine.disk.over[run]
    const state = holds().find((hold) => hold.id === run)?.state
    if (way === 'forward') {
      if (mark?.state === 'written') return say('over', run, { way })
      if (mark !== undefined) return refuse(run, 'over-half', 'half written', 'over')
      const staged = machine.disk.staged[run]
      if (staged === undefined) return refuse(run, 'nothing-staged', 'nothing was unpacked', 'over')
      if (held === 'held' && state !== 'held') return refuse(run, 'not-held', 'the hold is over', 'over')
      await this.#write(run, staged)
      return say('over', run, { way })
    }
    if (mark === undefined) {
      if (way === 'back') this.#forget(run)
      return say('over', run, { way: 'none' })
    }
    if (way === 'done' && mark.state === 'writing') return refuse(run, 'over-half', 'half written', 'over')
    const undisturbed = held === 'held' && (state === 'held' || state === 'releasing')
    const isKept = way === 'done' || (mark.state === 'written' && !undisturbed)
    if (!isKept) await this.#putBack(mark.old)
    this.#forget(run)
    const told = isKept ? 'forward' : 'back'
    this.ended.set(run, { way: told, files: machine.disk.files, old: mark.old })
    return say('over', run, { way: told })
  }

  async #write(run: string, staged: GuestDisk['staged'][string]): Promise<void> {
    const { machine } = this.#parts
    const old = machine.disk.files
    const note = (state: OverMark['state']) => machine.sync({ over: { ...machine.disk.over, [run]: { state, old } } })
    note('writing')
    await this.#pause()
    machine.sync({ files: [staged[0] ?? old[0], old[1]] })
    await this.#pause()
    machine.sync({ files: [staged[0] ?? old[0], staged[1] ?? old[1]] })
    await this.#pause()
    note('written')
  }

  async #putBack(old: TwoFiles): Promise<void> {
    const { machine } = this.#parts
    machine.sync({ files: [old[0], machine.disk.files[1]] })
    await this.#pause()
    machine.sync({ files: old })
  }

  #forget(run: string): void {
    const { machine } = this.#parts
    const { [run]: _, ...over } = machine.disk.over
    const { [run]: __, ...staged } = machine.disk.staged
    machine.sync({ over, staged })
  }

  #pause(): Promise<void> {
    const { machine, chance } = this.#parts
    return machine.sleep(chance.between(50, 1_500))
  }
}
