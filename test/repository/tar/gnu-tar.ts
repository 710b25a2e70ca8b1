import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The words with which the guest's helper calls GNU tar. */
const WORDS = [
  '--numeric-owner',
  '--acls',
  '--xattrs',
  '--xattrs-include=*',
  '--sparse',
  '--anchored',
  '--no-wildcards',
]

/** An archive of these names in a folder, as a guest makes it. */
export async function gnuTar(folder: string, ...names: readonly string[]): Promise<Buffer> {
  const words = ['--create', '--file=-', `--directory=${folder}`, ...WORDS, '--', ...names]
  const options = {
    encoding: 'buffer',
    maxBuffer: 64 * 1024 * 1024,
    env: { LC_ALL: 'C', PATH: process.env.PATH },
  } as const
  return (await run('tar', words, options)).stdout
}

/** In pieces of an odd length. */
export async function* pieces(bytes: Buffer, length = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}
