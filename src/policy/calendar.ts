/** The stretches of time of which retention keeps one point each. */
export const PERIODS = ['hourly', 'daily', 'weekly', 'monthly'] as const
export type Period = (typeof PERIODS)[number]

/**
 * Which hour, day, ISO week or month a moment lies in, as people in the time zone write it: `2026-11-27`. Hours are counted in
 * UTC: where a clock is put back, an hour of the wall comes twice. Pure.
 */
export function periodOf(atMs: number, period: Period, timezone: string): string {
  if (period === 'hourly') return `${civilDate(atMs, 'UTC').text} ${twoDigits(Math.floor(atMs / HOUR_MS) % 24)}h UTC`
  const date = civilDate(atMs, timezone)
  if (period === 'daily') return date.text
  if (period === 'monthly') return date.text.slice(0, -3)
  const day = dayNumber(date)
  // Day 0, 1970-01-01, was a Thursday.
  const monday = day - ((((day + 3) % 7) + 7) % 7)
  return `week of ${civilDate(monday * DAY_MS, 'UTC').text}`
}

/** Minutes since midnight of the wall clock in the time zone. Pure. */
export function minuteOfDay(atMs: number, timezone: string): number {
  const options = { timeZone: timezone, hourCycle: 'h23', hour: '2-digit', minute: '2-digit' } as const
  const parts = new Intl.DateTimeFormat('en', options).formatToParts(atMs)
  const number = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)?.value)
  return number('hour') * 60 + number('minute')
}

/** True for a name that this machine's table of time zones has. */
export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly text: string
}

function civilDate(atMs: number, timezone: string): CivilDate {
  const parts = formatOf(timezone).formatToParts(atMs)
  const number = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)?.value)
  const [year, month, day] = [number('year'), number('month'), number('day')]
  return { year, month, day, text: `${year}-${twoDigits(month)}-${twoDigits(day)}` }
}

/** Making one costs more than all its answers. */
const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timezone: string): Intl.DateTimeFormat {
  const made =
    formats.get(timezone) ??
    new Intl.DateTimeFormat('en', {
      timeZone: timezone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
    })
  formats.set(timezone, made)
  return made
}

/** Days since 1970-01-01 of a Gregorian date; years that begin in March have their leap day at the end. */
function dayNumber({ year, month, day }: CivilDate): number {
  const fromMarch = month > 2 ? year : year - 1
  const leapDays = Math.floor(fromMarch / 4) - Math.floor(fromMarch / 100) + Math.floor(fromMarch / 400)
  const daysBeforeMonth = Math.floor((153 * ((month + 9) % 12) + 2) / 5)
  return fromMarch * 365 + leapDays + daysBeforeMonth + day - 1 - 719_468
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
