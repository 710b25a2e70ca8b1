/**
 * What steers a terminal or a reader's eye instead of being read: control characters, and what turns, breaks or hides a
 * line (Unicode's controls, formats, line and paragraph separators, and U+2065, kept free among the formats for one more). All
 * but the line feed, which is whoever prints's.
 */
const STEERING = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u2065]/gu

/** Each of those signs as what `show` makes of it. */
export function replaceSteeringSigns(text: string, show: (sign: string) => string): string {
  return text.replace(STEERING, show)
}

/** In a JSON document: as escapes, which every reader of JSON takes back. */
export function escapeInJson(json: string): string {
  return replaceSteeringSigns(json, (sign) => {
    const units = Array.from({ length: sign.length }, (_, at) => sign.charCodeAt(at))
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
  })
}
