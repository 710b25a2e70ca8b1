import { StillshotError } from '../errors.ts'
import type { Part } from '../repository/manifest.ts'
import { contentSum } from '../repository/tar/content-sum.ts'
import { readTar, type TarMember } from '../repository/tar/read-tar.ts'
import { LONGEST_TEXT_BYTES, type TextDifference, textDifference } from './text-difference.ts'

/** What is compared of a path. Times are not: they change with every copy. */
export interface FileFacts {
  readonly kind: 'file' | 'directory' | 'link' | 'other'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly sizeBytes: number
  readonly sum: string
  readonly leadsTo: string
  readonly attributes: string
}

export type FileAspect = 'kind' | 'mode' | 'owner' | 'size' | 'content' | 'leads-to' | 'attributes'

/** A path at which the guest and the backup differ. */
export interface FileChange {
  readonly path: string
  /** `added`: not in the guest; `kept`: not in the backup, and left as it is. */
  readonly change: 'added' | 'changed' | 'kept'
  readonly aspects: readonly FileAspect[]
  /** As the guest has it, and as the backup does; modes in octal. */
  readonly now?: ShownFacts
  readonly backup?: ShownFacts
  /** Of small texts, without what looks secret. */
  readonly text?: TextDifference
}

export interface ShownFacts {
  readonly kind: FileFacts['kind']
  readonly mode: string
  readonly owner: string
  readonly sizeBytes: number
}

export interface FilesDifference {
  readonly part: Part
  readonly paths: readonly string[]
  readonly added: number
  readonly changed: number
  readonly kept: number
  readonly same: number
  /** The first of them, by kind of change as they were met. */
  readonly changes: readonly FileChange[]
  /** How many more there are than `changes` names. */
  readonly omitted: number
  /** Folders of the guest where the backup has something else: never replaced. */
  readonly inTheWay: readonly string[]
  /** Installations of i-doit: their releases, as they say themselves. */
  readonly installations: readonly { readonly path: string; readonly now?: string; readonly backup?: string }[]
}

export interface Compared {
  readonly difference: FilesDifference
  /** All that must be written so that nothing differs but what is kept: with the folders above, within `paths`. */
  readonly wanted: ReadonlySet<string>
}

const MOST_NAMED = 1_000
/** Of one kind of change, so that many of one do not hide the others. */
const MOST_OF_A_KIND = 400
const MOST_TEXT_BYTES = 16 * 1024 * 1024
/** Where i-doit says which release it is. */
const RELEASE_FILE = /\/src\/version\.inc\.php$/
const RELEASE = /["']version["']\s*=>\s*["']([\w.-]{1,40})["']/
const SHOWN_TEXT = /(^\/etc\/|^\/var\/spool\/cron|\.(conf|cnf|ini|env|htaccess|ya?ml|json|xml)$|config[^/]*\.php$)/

/**
 * How a part of the guest differs from a backup of it; both are archives as `archive` writes them, each read once. Takes memory for
 * the facts of each path, none for their content. Rejects with `backup-damaged`.
 */
export async function compareFiles(
  part: Part,
  paths: readonly string[],
  now: AsyncIterable<Uint8Array>,
  backup: AsyncIterable<Uint8Array>,
): Promise<Compared> {
  const present = await readPresent(now, paths)
  const compared = new Comparing(part, paths, present)
  for await (const member of readTar(backup, `the archive of ${part}`)) {
    if (!isUnder(member.path, paths)) continue
    await compared.take(member)
  }
  return compared.end()
}

/** True at one of the paths, or below it. Pure. */
export function isUnder(path: string, roots: readonly string[]): boolean {
  return roots.some((root) => path === root || path.startsWith(`${root}/`))
}

interface Present {
  readonly facts: Map<string, FileFacts>
  readonly texts: Map<string, Buffer>
}

async function readPresent(now: AsyncIterable<Uint8Array>, paths: readonly string[]): Promise<Present> {
  const facts = new Map<string, FileFacts>()
  const texts = new Map<string, Buffer>()
  let keptBytes = 0
  for await (const member of readTar(now, 'what is in the guest')) {
    if (!isUnder(member.path, paths)) continue
    const keeps = isShown(member) && keptBytes + member.sizeBytes <= MOST_TEXT_BYTES
    const { facts: found, head } = await factsOf(member, facts, keeps)
    facts.set(member.path, found)
    if (!keeps) continue
    texts.set(member.path, head)
    keptBytes += head.length
  }
  return { facts, texts }
}

function isShown({ kind, sizeBytes, path }: TarMember): boolean {
  return kind === 'file' && sizeBytes <= LONGEST_TEXT_BYTES && (SHOWN_TEXT.test(path) || RELEASE_FILE.test(path))
}

async function factsOf(member: TarMember, known: ReadonlyMap<string, FileFacts>, keeps: boolean) {
  const { kind, mode, uid, gid, sizeBytes, leadsTo, attributes } = member
  if (kind === 'hardlink') {
    const first = known.get(leadsTo)
    const facts: FileFacts = first ?? { ...OTHER, mode, uid, gid, attributes }
    return { facts, head: Buffer.alloc(0) }
  }
  if (kind !== 'file')
    return { facts: { kind, mode, uid, gid, sizeBytes: 0, sum: '', leadsTo, attributes }, head: Buffer.alloc(0) }
  const { sum, head } = await contentSum(member, keeps ? LONGEST_TEXT_BYTES : 0)
  return { facts: { kind, mode, uid, gid, sizeBytes, sum, leadsTo: '', attributes } satisfies FileFacts, head }
}

const OTHER = { kind: 'other', sizeBytes: 0, sum: '', leadsTo: '' } as const

class Comparing {
  readonly #part: Part
  readonly #paths: readonly string[]
  readonly #present: Present
  /** Facts of what was met in the backup and differs: a second name of it differs as well. */
  readonly #differing = new Map<string, FileFacts>()
  readonly #seen = new Set<string>()
  readonly #folders = new Set<string>()
  readonly #wanted = new Set<string>()
  readonly #changes = { added: [] as FileChange[], changed: [] as FileChange[], kept: [] as FileChange[] }
  readonly #counts = { added: 0, changed: 0, kept: 0, same: 0 }
  readonly #inTheWay: string[] = []
  readonly #installations: FilesDifference['installations'][number][] = []

  constructor(part: Part, paths: readonly string[], present: Present) {
    this.#part = part
    this.#paths = paths
    this.#present = present
  }

  async take(member: TarMember): Promise<void> {
    const { path } = member
    const now = this.#present.facts.get(path)
    if (this.#seen.has(path)) return
    this.#seen.add(path)
    if (member.kind === 'directory') this.#folders.add(path)
    const keeps = this.#present.texts.has(path) || (now === undefined && isShown(member))
    const { facts, head } = await factsOf(member, this.#knownFacts(member), keeps)
    const aspects = now === undefined ? [] : aspectsOf(now, facts)
    if (now !== undefined && aspects.length === 0) {
      this.#counts.same += 1
      return
    }
    this.#differing.set(path, facts)
    if (RELEASE_FILE.test(path)) this.#nameInstallation(path, head)
    this.#want(path)
    if (member.kind === 'hardlink') this.#want(member.leadsTo)
    if (now?.kind === 'directory' && facts.kind !== 'directory') this.#inTheWay.push(path)
    const before = this.#present.texts.get(path)
    const text = before !== undefined && aspects.includes('content') ? textDifference(path, before, head) : undefined
    this.#name({
      ...{ path, change: now === undefined ? 'added' : 'changed', aspects },
      ...(now === undefined ? {} : { now: shown(now) }),
      backup: shown(facts),
      ...(text === undefined ? {} : { text }),
    })
  }

  end(): Compared {
    for (const [path, facts] of this.#present.facts) {
      if (!this.#seen.has(path)) this.#name({ path, change: 'kept', aspects: [], now: shown(facts) })
    }
    const { added, changed, kept } = this.#changes
    const changes = [...changed, ...added, ...kept].slice(0, MOST_NAMED)
    const { same, ...counts } = this.#counts
    const omitted = counts.added + counts.changed + counts.kept - changes.length
    return {
      difference: {
        ...{ part: this.#part, paths: this.#paths, ...counts, same, changes, omitted },
        ...{ inTheWay: this.#inTheWay, installations: this.#installations },
      },
      wanted: this.#wanted,
    }
  }

  #nameInstallation(path: string, head: Buffer): void {
    const now = releaseIn(this.#present.texts.get(path))
    const backup = releaseIn(head)
    const said = { ...(now === undefined ? {} : { now }), ...(backup === undefined ? {} : { backup }) }
    this.#installations.push({ path: path.replace(RELEASE_FILE, ''), ...said })
  }

  #knownFacts({ kind, leadsTo }: TarMember): ReadonlyMap<string, FileFacts> {
    return kind === 'hardlink' && !this.#differing.has(leadsTo) ? this.#present.facts : this.#differing
  }

  #want(path: string): void {
    this.#wanted.add(path)
    // Folders made on the way would not have their owner and mode.
    for (let folder = above(path); isUnder(folder, this.#paths); folder = above(folder)) {
      if (!this.#folders.has(folder))
        throw new StillshotError('backup-damaged', `the archive holds ${path}, not ${folder}`)
      this.#wanted.add(folder)
    }
  }

  #name(change: FileChange): void {
    this.#counts[change.change] += 1
    const named = this.#changes[change.change]
    if (named.length < MOST_OF_A_KIND) named.push(change)
  }
}

function releaseIn(text: Buffer | undefined): string | undefined {
  return text && RELEASE.exec(text.toString('utf8'))?.[1]
}

function above(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

function aspectsOf(now: FileFacts, backup: FileFacts): readonly FileAspect[] {
  if (now.kind !== backup.kind) return ['kind']
  const isLink = now.kind === 'link'
  const aspects: readonly (readonly [FileAspect, boolean])[] = [
    // The mode of a link means nothing.
    ['mode', !isLink && now.mode !== backup.mode],
    ['owner', now.uid !== backup.uid || now.gid !== backup.gid],
    ['size', now.sizeBytes !== backup.sizeBytes],
    ['content', now.sum !== backup.sum],
    ['leads-to', now.leadsTo !== backup.leadsTo],
    ['attributes', now.attributes !== backup.attributes],
  ]
  return aspects.filter(([, differs]) => differs).map(([aspect]) => aspect)
}

function shown({ kind, mode, uid, gid, sizeBytes }: FileFacts): ShownFacts {
  return { kind, mode: mode.toString(8).padStart(4, '0'), owner: `${uid}:${gid}`, sizeBytes }
}
