/** Settings that an admin changes at run time and that decide who may write and what runs. */
export const RUN_TIME_SETTINGS = ['read_only', 'super_read_only', 'event_scheduler'] as const

/** True when two spellings of a setting mean the same: ON, 1, true. */
export function isSame(left: string, right: string): boolean {
  return normalise(left) === normalise(right)
}

/** Whether a setting is switched on; false when it is not known. */
export function isOn(value: string | undefined): boolean {
  return value !== undefined && normalise(value) === 'on'
}

function normalise(value: string): string {
  const word = value.trim().toLowerCase()
  if (['1', 'true', 'yes'].includes(word)) return 'on'
  return ['0', 'false', 'no', 'disabled'].includes(word) ? 'off' : word
}
