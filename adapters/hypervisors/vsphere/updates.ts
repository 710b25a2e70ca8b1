import { StillshotError } from '../../../src/errors.ts'
import type { Properties } from './properties.ts'
import type { Session } from './session.ts'
import { asValue, field, list, type Ref, ref, text, type Value } from './values.ts'
import type { Errand, Fields } from './vim.ts'
import { isFault } from './vsphere-errors.ts'

/** For how long the server holds an answer back while nothing new happens. */
const HELD_BACK_S = 20

/**
 * What becomes of an object's properties, as the server tells it by itself: first all that are set, then what has changed.
 * One that is not set any more is undefined; an answer in which nothing is new is empty. Goes on until its reader stops.
 */
export async function* updates(
  session: Session,
  object: Ref,
  paths: readonly string[],
  errand: Errand,
): AsyncGenerator<Properties> {
  const collector = ref(await session.call('CreatePropertyCollector', 'propertyCollector', {}, errand))
  if (collector === undefined) throw new StillshotError('answer-lost', `${errand.doing}: the server has no collector`)
  try {
    const spec = {
      propSet: { type: object.type, all: false, pathSet: paths },
      objectSet: { obj: asValue(object), skip: false },
    }
    await session.call('CreateFilter', collector, { spec, partialUpdates: false }, errand)
    let version = ''
    for (;;) {
      const options = { maxWaitSeconds: HELD_BACK_S }
      const set = await waitForUpdates(session, collector, { version, options }, errand)
      version = text(field(set, 'version')) || version
      yield changesIn(set)
    }
  } finally {
    // Not waited for: the database may be standing still. What stays of it goes with the session.
    session.mention('DestroyPropertyCollector', collector, 'tidy up')
  }
}

async function waitForUpdates(session: Session, collector: Ref, fields: Fields, errand: Errand): Promise<Value> {
  try {
    return await session.call('WaitForUpdatesEx', collector, fields, errand)
  } catch (error) {
    if (!isFault(error, 'ManagedObjectNotFound')) throw error
    // Not the object: its filter would have told.
    throw new StillshotError('hypervisor-unreachable', error.message, { cause: error })
  }
}

function changesIn(set: Value): Properties {
  const changes = list(field(set, 'filterSet'))
    .flatMap((filter) => list(field(filter, 'objectSet')))
    .flatMap((object) => list(field(object, 'changeSet')))
  return Object.fromEntries(changes.map((change) => [text(field(change, 'name')), field(change, 'val')]))
}
