import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DELIBERATE_FAULTS, type DeliberateFault } from './deliberate-fault-list.ts'
import { MENDING_FAULTS } from './deliberate-mending-faults.ts'
import { PRUNING_FAULTS } from './deliberate-pruning-faults.ts'
import { RESTORE_FAULTS } from './deliberate-restore-faults.ts'

const ROOT = join(import.meta.dirname, '../..')
/** What the code under test and its world are made of. */
const COPIED = [
  'src',
  'adapters',
  'test/simulation',
  'test/world',
  'test/repository/tar',
  'test/silent-log.ts',
  'package.json',
]
const MOST_SEEDS = 4000
const LIMIT_MS = 300_000

export interface TriedFault {
  readonly name: string
  readonly caught: boolean
  /** The first seed that saw it, or how many did not. */
  readonly seeds: number
  /** Which promise it broke. */
  readonly promise?: string
}

/**
 * Breaks a copy of the code in each of the listed ways, one by one, and runs the simulation on it. Rejects when a fault
 * cannot be put in, or when the copy fails without any.
 */
export async function tryDeliberateFaults(
  say: (line: string) => void,
  faults: readonly DeliberateFault[] = [...DELIBERATE_FAULTS, ...RESTORE_FAULTS, ...MENDING_FAULTS, ...PRUNING_FAULTS],
): Promise<readonly TriedFault[]> {
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-simulation-'))
  try {
    for (const path of COPIED) await cp(join(ROOT, path), join(folder, path), { recursive: true })
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    const tried: TriedFault[] = []
    for (const fault of faults) {
      const result = await tryFault(folder, fault)
      const { name, caught, seeds, promise } = result
      say(`${caught ? 'caught' : 'MISSED'}  ${name}: ${caught ? `seed ${seeds}: ${promise}` : `not in ${seeds} seeds`}`)
      tried.push(result)
    }
    return tried
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function tryFault(folder: string, { name, file, find, replace }: DeliberateFault): Promise<TriedFault> {
  const path = join(folder, file)
  const text = await readFile(path, 'utf8')
  const parts = text.split(find)
  if (parts.length !== 2)
    throw new Error(`${name}: ${file} has what is to be changed ${parts.length - 1} times: ${find}`)
  await writeFile(path, parts.join(replace))
  try {
    const { seeds, broken } = await simulate(folder)
    if (broken === undefined) return { name, caught: false, seeds }
    return { name, caught: true, seeds: broken.seed, promise: broken.promise }
  } finally {
    await writeFile(path, text)
  }
}

interface Simulated {
  readonly seeds: number
  readonly broken: { readonly seed: number; readonly promise: string } | undefined
}

/** In a process of its own, which loads the broken code afresh. */
async function simulate(folder: string): Promise<Simulated> {
  const script = join(folder, 'test/simulation/first-broken.ts')
  // All but one of the files are those of the fault before: what Node made of them is kept, by content, beside them.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') }
  const child = spawn(process.execPath, [script, String(MOST_SEEDS)], { cwd: folder, env, timeout: LIMIT_MS })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const status = await new Promise<number | null>((resolve) => {
    child.on('close', resolve)
  })
  if (status !== 0) throw new Error(`the simulation of broken code ended with ${status}: ${errors}`)
  return JSON.parse(output) as Simulated
}
