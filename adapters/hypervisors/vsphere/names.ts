/** vSphere writes `/`, `\\` and `%` in names as `%2f`, `%5c` and `%25`, and wants them written so. */
export function encodedName(name: string): string {
  return name.replace(/[/\\%]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)
}

export function decodedName(name: string): string {
  return name.replace(/%(2f|5c|25)/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)))
}
