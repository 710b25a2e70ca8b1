/** A length of time for a sentence, its two largest units: `340 ms`, `4.2 s`, `10 min`, `1 min 30 s`, `2 h`, `2 h 10 min`. */
export function durationWords(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${Math.round(ms / 100) / 10} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return twoUnits([Math.floor(seconds / 60), 'min'], [seconds % 60, 's'])
  return twoUnits([Math.floor(seconds / 3600), 'h'], [Math.floor((seconds % 3600) / 60), 'min'])
}

type Part = readonly [count: number, unit: string]

function twoUnits([count, unit]: Part, [rest, smaller]: Part): string {
  return rest === 0 ? `${count} ${unit}` : `${count} ${unit} ${rest} ${smaller}`
}
