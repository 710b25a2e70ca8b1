import type { ConfigurationFacts } from './configuration-facts.ts'

/** What changed since an earlier backup of the same VM. */
export interface ConfigurationChanges {
  /** Its restore point, and when it was made. */
  readonly since: string
  readonly createdAt: string
  /** One sentence each; none: nothing that can be seen. */
  readonly lines: readonly string[]
}

/** What differs, in sentences that hold only what the facts may show. Pure. */
export function compareConfiguration(before: ConfigurationFacts, now: ConfigurationFacts): readonly string[] {
  const told = new Set<string>()
  const settings = changesWithin(before.settings, now.settings, told)
  const jobs = changesOfLists(before.jobs, now.jobs, 'job', told)
  const files = changesOf(before.files, now.files, (path, one, other) => {
    if (one === undefined) return `${path} is new`
    if (other === undefined) return `${path} is gone`
    return told.has(path) ? `${path}: more may have changed than is shown` : `${path} changed; what in it is not shown`
  })
  return [
    ...changesOfLists(before.enabled, now.enabled, 'enabled', new Set()),
    ...settings,
    ...jobs,
    ...files,
    ...changesWithin({ 'the server': before.server }, { 'the server': now.server }, new Set()),
    ...changesOfLists({ tenants: before.tenants }, { tenants: now.tenants }, 'tenant', new Set()),
    ...changesOfPackages(before.packages, now.packages),
  ]
}

type Record_<Value> = Readonly<Record<string, Value>>

/** Of each key whose value is another one, or is on one side alone. */
function changesOf<Value>(
  before: Record_<Value>,
  now: Record_<Value>,
  say: (key: string, before: Value | undefined, now: Value | undefined) => string,
): readonly string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort()
  return keys.filter((key) => before[key] !== now[key]).map((key) => say(key, before[key], now[key]))
}

function changesWithin(before: Record_<Record_<string>>, now: Record_<Record_<string>>, told: Set<string>) {
  const places = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort()
  return places.flatMap((place) => {
    const lines = changesOf(before[place] ?? {}, now[place] ?? {}, (name, one, other) => {
      if (one === undefined) return `${place}: ${name} is now ${other}`
      return other === undefined
        ? `${place}: ${name} was ${one}, and is set no more`
        : `${place}: ${name} was ${one}, is ${other}`
    })
    if (lines.length > 0) told.add(place)
    return lines
  })
}

function changesOfLists(
  before: Record_<readonly string[]>,
  now: Record_<readonly string[]>,
  what: string,
  told: Set<string>,
) {
  const places = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort()
  return places.flatMap((place) => {
    const [old, present] = [before[place] ?? [], now[place] ?? []]
    const gone = old.filter((one) => !present.includes(one)).map((one) => `${place}: ${what} no more: ${one}`)
    const come = present.filter((one) => !old.includes(one)).map((one) => `${place}: now ${what}: ${one}`)
    if (gone.length + come.length > 0) told.add(place)
    return [...gone, ...come]
  })
}

/** A list that is missing on one side is no change of packages. */
function changesOfPackages(before: Record_<string>, now: Record_<string>): readonly string[] {
  if (Object.keys(before).length === 0 || Object.keys(now).length === 0) return []
  return changesOf(before, now, (name, one, other) => {
    if (one === undefined) return `package ${name} is new, ${other}`
    return other === undefined ? `package ${name} is gone, was ${one}` : `package ${name} was ${one}, is ${other}`
  })
}
