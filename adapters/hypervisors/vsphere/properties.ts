import { StillshotError } from '../../../src/errors.ts'
import { taskFault, type VimFault } from './faults.ts'
import type { Session } from './session.ts'
import { asValue, field, list, type Ref, ref, text, type Value } from './values.ts'
import type { Errand } from './vim.ts'
import { answerError, isFault } from './vsphere-errors.ts'

/** Properties by their path; one that is not set, or may not be seen, is not there. */
export type Properties = Readonly<Record<string, Value>>

export interface SeenObject {
  readonly object: Ref
  readonly properties: Properties
  /** Why a property could not be read, by its path; one that is not set is not here. */
  readonly unread: ReadonlyMap<string, VimFault>
}

/** VMs that are asked for at once when all are listed. */
const PAGE = 500

/** Rejects when the object is gone. */
export async function readObject(
  session: Session,
  object: Ref,
  paths: readonly string[],
  errand: Errand,
): Promise<Properties> {
  const [seen] = await retrieve(session, specFor(object.type, paths, [object]), errand)
  return seen?.properties ?? {}
}

/** As {@link readObject}, for a property that would mean something if it were not set: that it may not be seen is no answer. */
export async function readSurely(
  session: Session,
  object: Ref,
  { path, more = [] }: { readonly path: string; readonly more?: readonly string[] },
  errand: Errand,
): Promise<Properties> {
  const [seen] = await retrieve(session, specFor(object.type, [path, ...more], [object]), errand)
  if (seen === undefined) {
    throw new StillshotError('hypervisor-refused', `${errand.doing}: the server says nothing of ${object.value}`, {
      hint: 'the user needs the role Read-only on the VM',
    })
  }
  const fault = seen.unread.get(path)
  if (fault !== undefined) throw answerError(fault, errand)
  return seen.properties
}

/** Objects of one type; those that are gone by now are left out. */
export async function readObjects(
  session: Session,
  objects: readonly Ref[],
  paths: readonly string[],
  errand: Errand,
): Promise<readonly SeenObject[]> {
  const [first] = objects
  if (first === undefined) return []
  try {
    return await retrieve(session, specFor(first.type, paths, objects), errand)
  } catch (error) {
    // One that is gone spoils the question for all, so each is asked for.
    if (!isFault(error, 'ManagedObjectNotFound')) throw error
    if (objects.length === 1) return []
    const each = await Promise.all(objects.map((object) => readObjects(session, [object], paths, errand)))
    return each.flat()
  }
}

/** All VMs that the user may see, page by page. */
export function readVms(session: Session, paths: readonly string[], errand: Errand): Promise<readonly SeenObject[]> {
  return readAll(session, ['VirtualMachine'], paths, errand)
}

/** The same of several types, those below them included. */
export async function readAll(
  session: Session,
  types: readonly string[],
  paths: readonly string[],
  errand: Errand,
): Promise<readonly SeenObject[]> {
  const { manager } = await session.open(errand)
  const kinds = { type: types, recursive: true }
  const fields = { container: asValue(manager('rootFolder')), ...kinds }
  const view = ref(await session.call('CreateContainerView', 'viewManager', fields, errand))
  if (view === undefined) return []
  try {
    const through = { attributes: { 'xsi:type': 'TraversalSpec' }, type: 'ContainerView', path: 'view', skip: false }
    const objectSet = { obj: asValue(view), skip: true, selectSet: [through] }
    const propSet = types.map((type) => ({ type, all: false, pathSet: paths }))
    return await retrieve(session, { propSet, objectSet }, errand)
  } finally {
    await session.call('DestroyView', view, {}, errand).catch(() => {})
  }
}

function specFor(type: string, paths: readonly string[], objects: readonly Ref[]): object {
  const propSet = { type, all: false, pathSet: paths }
  return { propSet, objectSet: objects.map((object) => ({ obj: asValue(object), skip: false })) }
}

async function retrieve(session: Session, specSet: object, errand: Errand): Promise<readonly SeenObject[]> {
  const seen: SeenObject[] = []
  const fields = { specSet, options: { maxObjects: PAGE } }
  let page = await session.call('RetrievePropertiesEx', 'propertyCollector', fields, errand)
  for (;;) {
    seen.push(...list(field(page, 'objects')).flatMap(seenObject))
    const token = text(field(page, 'token'))
    if (token === '') return seen
    page = await session.call('ContinueRetrievePropertiesEx', 'propertyCollector', { token }, errand)
  }
}

function seenObject(content: Value): readonly SeenObject[] {
  const object = ref(field(content, 'obj'))
  if (object === undefined) return []
  const set = list(field(content, 'propSet')).map((each) => [text(field(each, 'name')), field(each, 'val')])
  const unread = list(field(content, 'missingSet')).map(
    (each) => [text(field(each, 'path')), taskFault(field(each, 'fault'))] as const,
  )
  return [{ object, properties: Object.fromEntries(set), unread: new Map(unread) }]
}
