import type { Module } from './module.ts'

interface Ban {
  /** A name, or `object.property`; alone it also stands for the property of anything. */
  readonly names: readonly string[]
  /** Built-in modules that give the same. */
  readonly modules: readonly string[]
  readonly because: string
  /** Files, or folders with a slash at the end, that may. */
  readonly except: readonly string[]
}

const COMPOSITION = ['src/main.ts', 'src/stillshot.js']

/** What src/ must take from a port, so that a simulation can own it. */
const BANS: readonly Ban[] = [
  {
    names: ['setTimeout', 'setInterval', 'setImmediate', 'performance.now', 'AbortSignal.timeout', 'AbortSignal.any'],
    modules: ['node:timers', 'node:timers/promises', 'node:perf_hooks'],
    because: 'time comes from the clock',
    except: [],
  },
  { names: ['Date'], modules: [], because: 'time comes from the clock', except: ['src/system/instant.ts'] },
  {
    names: ['Math.random', 'randomUUID', 'randomBytes', 'getRandomValues'],
    modules: [],
    because: 'randomness comes from its port',
    except: [],
  },
  {
    names: [],
    modules: ['node:fs', 'node:fs/promises', 'node:child_process', 'node:net', 'node:os'],
    because: 'files, processes and connections come from ports',
    except: COMPOSITION,
  },
  {
    names: ['process.env'],
    modules: ['node:process'],
    because: 'the environment is read in one place',
    except: COMPOSITION,
  },
]

/** Uses in src/ of what must come through a port. */
export function bannedUses(modules: readonly Module[]): readonly string[] {
  return modules
    .filter(({ path }) => path.startsWith('src/'))
    .flatMap((module) => BANS.flatMap((ban) => usesOf(module, ban)))
}

function usesOf(module: Module, { names, modules, because, except }: Ban): readonly string[] {
  if (except.some((path) => module.path === path || (path.endsWith('/') && module.path.startsWith(path)))) return []
  return [
    ...module.names.filter(({ name }) => names.some((banned) => stands(name, banned))),
    ...module.imports.flatMap(({ specifier = '', line }) =>
      modules.includes(specifier) ? [{ name: specifier, line }] : [],
    ),
  ].map(({ name, line }) => `${module.path}:${line}: ${name}: ${because}`)
}

function stands(name: string, banned: string): boolean {
  return name === banned || (!banned.includes('.') && name.endsWith(`.${banned}`))
}
