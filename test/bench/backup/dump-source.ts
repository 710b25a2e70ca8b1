import { once } from 'node:events'
import { createWriteStream } from 'node:fs'

/** Repeated until the dump is as long as wanted: longer than any window of the packers, so that none sees it twice. */
const PIECE_BYTES = 64 * 1024 * 1024

/** Writes a piece of a dump: rows of numbers, names and text as tables hold them, a quarter of its size when packed. */
export async function writePiece(path: string): Promise<void> {
  const file = createWriteStream(path)
  const draw = numbers(20_261_128)
  for (let length = 0, id = 1; length < PIECE_BYTES; ) {
    const rows = Array.from({ length: 500 }, () => row(id++, draw))
    const statement = `INSERT INTO \`isys_obj\` VALUES ${rows.join(',')};\n`
    length += statement.length
    if (!file.write(statement)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'finish')
}

const WORDS = 'server switch rack printer client location license contract building room cable address port file'.split(
  ' ',
)

function row(id: number, draw: () => number): string {
  const words = Array.from({ length: 8 }, () => WORDS[draw() % WORDS.length]).join(' ')
  const sum = `${draw().toString(16)}${draw().toString(16)}`
  return `(${id},${draw() % 5000},'${words}','SYS_${draw()}','2026-11-${10 + (draw() % 18)} 0${draw() % 10}:${10 + (draw() % 50)}:00','${sum}',NULL,${draw() % 3})`
}

/** The same rows each time. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 3
  }
}

/** A program in the place of mariadb-dump: the piece as often as makes `bytes`, between a dump's first and last lines. */
export function dumpProgram(piece: string, bytes: number): string {
  const times = Math.max(1, Math.round(bytes / PIECE_BYTES))
  const pieces = Array.from({ length: times }, () => `'${piece}'`).join(' ')
  return `#!/bin/sh
case $* in *--help*) exit ;; esac
echo '-- MariaDB dump 10.19'
cat ${pieces}
echo '-- Dump completed on 2026-11-28  3:00:00'
`
}
