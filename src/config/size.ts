import { SIZE_PATTERN } from './schema/values.ts'

const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 }

/** Bytes of a size that passed validation: `512MiB`, `2GiB`. */
export function sizeBytes(text: string): number {
  const [, amount, unit] = new RegExp(SIZE_PATTERN).exec(text) ?? []
  const factor = UNITS[unit ?? '']
  if (amount === undefined || factor === undefined) throw new TypeError(`not a size: ${text}`)
  return Number(amount) * factor
}
