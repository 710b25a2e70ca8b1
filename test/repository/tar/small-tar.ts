export interface SmallFile {
  /** Absolute. */
  readonly path: string
  /** A folder without it. */
  readonly content?: string
  readonly mode?: number
}

/** A tar of plain folders and files with plain names and content, as text: all of it is ASCII. */
export function smallTar(files: readonly SmallFile[]): string {
  const members = files.map(({ path, content, mode = content === undefined ? 0o755 : 0o644 }) => {
    const text = content ?? ''
    const fill = '\0'.repeat((512 - (text.length % 512)) % 512)
    return `${header(path.slice(1), { folder: content === undefined, length: text.length, mode })}${text}${fill}`
  })
  return `${members.join('')}${'\0'.repeat(1024)}`
}

function header(name: string, { folder, length, mode }: { folder: boolean; length: number; mode: number }): string {
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  const before = `${(folder ? `${name}/` : name).padEnd(100, '\0')}${octal(mode, 7)}${octal(0, 7)}${octal(0, 7)}${octal(length, 11)}${octal(0, 11)}`
  const after = `${folder ? '5' : '0'}${''.padEnd(100, '\0')}ustar\x0000`
  const sum = [...`${before}        ${after}`].reduce((total, letter) => total + letter.charCodeAt(0), 0)
  return `${before}${sum.toString(8).padStart(6, '0')}\0 ${after}`.padEnd(512, '\0')
}

/** What {@link smallTar} wrote. */
export function filesOfSmallTar(tar: string): readonly SmallFile[] {
  const files: SmallFile[] = []
  for (let at = 0; tar[at] !== undefined && tar[at] !== '\0'; ) {
    const name = tar.slice(at, at + 100).replace(/\0.*$/s, '')
    const length = Number.parseInt(tar.slice(at + 124, at + 135), 8)
    const mode = Number.parseInt(tar.slice(at + 100, at + 107), 8)
    const content = tar.slice(at + 512, at + 512 + length)
    files.push(name.endsWith('/') ? { path: `/${name.slice(0, -1)}`, mode } : { path: `/${name}`, content, mode })
    at += 512 + Math.ceil(length / 512) * 512
  }
  return files
}
