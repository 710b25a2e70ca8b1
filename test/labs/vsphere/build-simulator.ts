import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../command.ts'
import { labPaths } from '../paths.ts'

const SOURCES = join(import.meta.dirname, 'simulator')

/** About a minute of processor time, once for each state of the sources. */
const LIMIT = { timeoutMs: 600_000 }

let built: Promise<string> | undefined

/** The path of the simulator's program; built with Debian's Go and its govmomi, without any network. */
export function buildSimulator(): Promise<string> {
  built ??= build()
  return built
}

async function build(): Promise<string> {
  const names = (await readdir(SOURCES)).filter((name) => name.endsWith('.go')).toSorted()
  const hash = createHash('sha256')
  for (const name of names) hash.update(name).update(await readFile(join(SOURCES, name)))
  const folder = join(labPaths().folder, 'vsphere')
  const program = join(folder, `simulator-${hash.digest('hex').slice(0, 16)}`)
  if (await stat(program).catch(() => undefined)) return program
  await mkdir(folder, { recursive: true })
  const partial = `${program}.${process.pid}`
  const settings = ['GO111MODULE=off', 'GOFLAGS=', 'GOPATH=/usr/share/gocode', 'CGO_ENABLED=0']
  const go = ['go', 'build', '-p', '2', '-trimpath', '-ldflags=-s -w', '-o', partial]
  await runCommand('env', [...settings, ...go, ...names.map((name) => join(SOURCES, name))], LIMIT)
  await rename(partial, program)
  return program
}
