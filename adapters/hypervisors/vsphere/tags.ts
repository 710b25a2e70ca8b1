import { StillshotError } from '../../../src/errors.ts'
import { isMissing, type Rest, type RestSession } from './rest.ts'
import { list } from './values.ts'
import type { Errand } from './vim.ts'

/** Each tag is there twice: as `name` and as `category/name`. */
export interface SeenTags {
  /** Of VMs, by the id of the managed object. */
  readonly ofVm: ReadonlyMap<string, readonly string[]>
  /** All that the user may see, also those that no VM has. Of the others, the server says nothing to him: not even that they are there. */
  readonly visible: readonly string[]
}

const TAG = '/com/vmware/cis/tagging/tag'
const CATEGORY = '/com/vmware/cis/tagging/category'
const ATTACHED = '/com/vmware/cis/tagging/tag-association?~action=list-attached-objects-on-tags'

/** Tags that are asked for at once. */
const PAGE = 100

interface Attached {
  readonly tag_id: string
  readonly object_ids?: readonly { readonly type: string; readonly id: string }[] | null
}

/** The SOAP API knows no tags. */
export function readTags(rest: Pick<Rest, 'session'>, errand: Errand): Promise<SeenTags> {
  return rest.session(errand, async (session) => {
    const ids = list(await session.ask('GET', TAG)) as readonly string[]
    const attached = await readAttached(session, ids)
    const names = await readNames(session, ids)
    const ofVm = new Map<string, string[]>()
    for (const { tag, vms } of attached) {
      for (const vm of vms) ofVm.set(vm, [...(ofVm.get(vm) ?? []), ...(names.get(tag) ?? [])])
    }
    return { ofVm, visible: [...new Set([...names.values()].flat())].toSorted() }
  })
}

async function readAttached(
  session: RestSession,
  ids: readonly string[],
): Promise<readonly { tag: string; vms: readonly string[] }[]> {
  const pages = Array.from({ length: Math.ceil(ids.length / PAGE) }, (_, page) =>
    ids.slice(page * PAGE, (page + 1) * PAGE),
  )
  const answers = await Promise.all(pages.map((page) => session.ask('POST', ATTACHED, { tag_ids: page })))
  return (answers.flatMap(list) as Attached[]).map(({ tag_id, object_ids }) => ({
    tag: tag_id,
    vms: (object_ids ?? []).filter(({ type }) => type === 'VirtualMachine').map(({ id }) => id),
  }))
}

/** Of each tag: its name, and its name behind that of its category. */
async function readNames(session: RestSession, ids: readonly string[]): Promise<ReadonlyMap<string, string[]>> {
  const tags = await Promise.all(ids.map((id) => readTag(session, id)))
  const all = tags.filter((tag) => tag !== undefined)
  const wanted = [...new Set(all.map(({ category_id }) => category_id))]
  const categories = await Promise.all(wanted.map((id) => session.ask('GET', `${CATEGORY}/id:${checked(id)}`)))
  const named = new Map(wanted.map((id, index) => [id, (categories[index] as { readonly name: string }).name]))
  return new Map(all.map(({ id, name, category_id }) => [id, [name, `${named.get(category_id)}/${name}`]]))
}

interface Tag {
  readonly id: string
  readonly name: string
  readonly category_id: string
}

/** Undefined for one that somebody has deleted since all were listed: no VM has it any more. */
async function readTag(session: RestSession, id: string): Promise<Tag | undefined> {
  try {
    return (await session.ask('GET', `${TAG}/id:${checked(id)}`)) as Tag
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** It becomes a part of a path. */
function checked(id: string): string {
  if (/^[\w:.-]+$/.test(id)) return id
  throw new StillshotError('hypervisor-refused', `read tags: ${JSON.stringify(id)} is no id of a tag or category`)
}
