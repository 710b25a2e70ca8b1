#!/usr/bin/env node
// Plain JavaScript that old versions of Node can read too, so that they can say what is missing.
import { lstatSync, mkdirSync, readFileSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { join } from 'node:path'

const OLDEST_NODE = 24
/** Buffers that have passed are given back early, by the thread that made them: a backup of any size then needs little memory. */
const MEMORY_FLAGS = ['--semi-space-growth-factor=1', '--single-threaded-gc']

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  process.stderr.write(
    `stillshot: needs Node ${OLDEST_NODE} or later, this is ${process.versions.node} (${process.execPath})\n`,
  )
  process.exitCode = 13
} else if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
  process.stdout.write(`${version()}\n`)
} else if (concernsNobody(process.argv.slice(2))) {
  // A backup job waits for each of its phases: nothing is loaded for those in which nothing is done.
} else {
  for (const flag of MEMORY_FLAGS) process.getBuiltinModule('node:v8').setFlagsFromString(flag)
  const folder = cacheFolder()
  if (folder !== undefined) {
    if (process.argv.includes('backup')) compileAll(folder)
    nodeModule.enableCompileCache(folder)
  }
  import('./main.ts').then(({ main }) => main(process.argv.slice(2), version())).catch(cannotStart)
}

/** True for a phase of a backup that src/cli/hook/words.ts would let pass. */
function concernsNobody(/** @type {string[]} */ words) {
  const at = words.indexOf('hook')
  const isCommand = words.slice(0, at).every((word, index) => word.startsWith('-') || words[index - 1] === '--config')
  if (at < 0 || !isCommand || words[at + 1] !== 'vzdump') return false
  const rest = words.slice(at + 2)
  const phase = rest.find((word, index) => !word.startsWith('-') && rest[index - 1] !== '--hypervisor')
  return /^(job-(init|start|end|abort)|pre-stop|(pre|post)-restart|log-end)$/.test(phase ?? '')
}

function version() {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
}

/** Nothing of ours is loaded, so nothing else can print this. */
function cannotStart(/** @type {unknown} */ thrown) {
  const [line] = String(thrown instanceof Error ? thrown.message : thrown).split('\n')
  const message = `stillshot cannot be loaded: ${line}`
  const hint = 'install it again: a file is missing or damaged'
  const words = process.argv.slice(2)
  const end = words.indexOf('--')
  if ((end < 0 ? words : words.slice(0, end)).includes('--json')) {
    const error = { code: 'defect', message, hint, details: {} }
    process.stdout.write(`${JSON.stringify({ version: 1, command: '', error }, null, 2)}\n`)
  }
  process.stderr.write(`${message} (defect): ${hint}\n`)
  process.exitCode = 1
}

/**
 * Whoever can write the compile cache decides what runs, so it is in a folder of this user alone, never in /tmp;
 * undefined when there is no such folder.
 */
function cacheFolder() {
  const { XDG_CACHE_HOME, HOME } = process.env
  const base = XDG_CACHE_HOME?.startsWith('/')
    ? XDG_CACHE_HOME
    : HOME?.startsWith('/')
      ? join(HOME, '.cache')
      : undefined
  if (base === undefined) return undefined
  const folder = join(base, 'stillshot')
  try {
    mkdirSync(base, { recursive: true, mode: 0o700 })
    if (!isOwn(base)) return undefined
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return isOwn(folder) ? folder : undefined
  } catch {
    return undefined
  }
}

/**
 * Once a version, in a process of its own: everything is compiled into the cache. What strips the types takes 25 MiB and keeps
 * them, which a command that streams for hours need not carry. Where it fails, the command compiles what it needs.
 */
function compileAll(/** @type {string} */ folder) {
  const done = join(folder, `compiled-${version()}-${process.version}-${process.arch}`)
  if (lstatSync(done, { throwIfNoEntry: false }) !== undefined) return
  const root = new URL('../', import.meta.url).href
  // With the same flags, set in the same way: what was compiled under others is not taken from the cache.
  const program = [
    "import { globSync, writeFileSync } from 'node:fs'",
    "import { enableCompileCache } from 'node:module'",
    "import { setFlagsFromString } from 'node:v8'",
    'const [folder, done, root, ...flags] = process.argv.slice(1)',
    'for (const flag of flags) setFlagsFromString(flag)',
    'enableCompileCache(folder)',
    "const files = globSync(['src/**/*.ts', 'adapters/**/*.ts'], { cwd: new URL(root), exclude: ['**/*.d.ts'] })",
    'const all = Promise.all(files.map((file) => import(new URL(file, root).href)))',
    "all.then(() => writeFileSync(done, '', { mode: 0o600 }))",
  ].join('\n')
  const words = ['--input-type=module', '--eval', program, '--', folder, done, root, ...MEMORY_FLAGS]
  /** @type {import('node:child_process').SpawnSyncOptions} */
  const limits = { stdio: 'ignore', timeout: 60_000 }
  process.getBuiltinModule('node:child_process').spawnSync(process.execPath, words, limits)
}

/** A folder, no link, that nobody else can write. */
function isOwn(/** @type {string} */ path) {
  const facts = lstatSync(path)
  return facts.isDirectory() && facts.uid === process.geteuid?.() && (facts.mode & 0o022) === 0
}
