import { minuteOfDay } from './calendar.ts'

/** What all drills together may take. */
export interface DrillLimits {
  readonly atOnce: number
  readonly memoryBytes?: number
  readonly storageBytes?: number
  /** `22:00-05:00`, in this time zone. */
  readonly hours?: { readonly text: string; readonly timezone: string }
}

/** What one drill takes. Memory is undefined where nobody said it. */
export interface DrillNeed {
  readonly memoryBytes: number | undefined
  readonly storageBytes: number
}

export interface Refused {
  readonly why: string
  /** Others end, and hours come: false where this drill would never begin. */
  readonly passes: boolean
}

/** Why a drill may not begin beside the others, or undefined. Pure. */
export function drillRefusal(
  limits: DrillLimits,
  need: DrillNeed,
  others: readonly DrillNeed[],
  atMs: number,
): Refused | undefined {
  const never = neverFits(limits, need)
  if (never !== undefined) return { why: never, passes: false }
  const { atOnce, hours } = limits
  if (hours !== undefined && !isWithin(hours, atMs)) {
    return { why: `drills begin within ${hours.text} (${hours.timezone}) only`, passes: true }
  }
  if (others.length >= atOnce) {
    return { why: `${others.length} drills are under way, and ${atOnce} may be at once`, passes: true }
  }
  for (const { name, key } of AMOUNTS) {
    const most = limits[key]
    const taken = others.reduce((sum, other) => sum + (other[key] ?? 0), 0)
    if (most !== undefined && taken + (need[key] ?? 0) > most) {
      return {
        why: `other drills have ${taken} of ${most} bytes of ${name}, and this one needs ${need[key]}`,
        passes: true,
      }
    }
  }
  return undefined
}

const AMOUNTS = [
  { name: 'memory', key: 'memoryBytes' },
  { name: 'storage', key: 'storageBytes' },
] as const

function neverFits(limits: DrillLimits, need: DrillNeed): string | undefined {
  for (const { name, key } of AMOUNTS) {
    const most = limits[key]
    if (most === undefined) continue
    const needed = need[key]
    if (needed === undefined)
      return `the ${name} of all drills is limited, and nobody said what the copy of this VM takes`
    if (needed > most) return `its copy takes ${needed} bytes of ${name}, and all drills together may take ${most}`
  }
  return undefined
}

function isWithin({ text, timezone }: NonNullable<DrillLimits['hours']>, atMs: number): boolean {
  const [from = 0, to = 0] = text.split('-').map(minutesOf)
  const now = minuteOfDay(atMs, timezone)
  return from < to ? from <= now && now < to : now >= from || now < to
}

function minutesOf(clock: string): number {
  const [hour, minute] = clock.split(':').map(Number)
  return (hour ?? 0) * 60 + (minute ?? 0)
}
