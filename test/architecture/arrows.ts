import type { Module } from './module.ts'

/** The words that ports speak in. */
const WORDS = ['errors.ts', 'finding.ts']
const PORTS = [...WORDS, 'grade', 'hypervisor', 'guest', 'catalog', 'repository', 'log', 'system']
/** What several adapters stand on: no adapter itself. */
const FOUNDATIONS = ['adapters/https', 'adapters/mounts', 'adapters/programs']

const CORE = [...PORTS, 'json-schema', 'saga', 'policy']

/** What each folder or file directly below src/ may import, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'keeping-errors.ts': [],
  'errors.ts': ['keeping-errors.ts'],
  'finding.ts': ['errors.ts'],
  'json-schema': WORDS,
  system: WORDS,
  log: WORDS,
  grade: WORDS,
  hypervisor: [...WORDS, 'system'],
  guest: [...WORDS, 'system', 'grade', 'hypervisor', 'json-schema', 'log'],
  catalog: [...WORDS, 'system', 'grade'],
  repository: [...WORDS, 'system'],
  saga: [...WORDS, 'system', 'log'],
  policy: [...WORDS, 'grade', 'catalog'],
  config: [...WORDS, 'system', 'guest', 'policy', 'json-schema'],
  coordinator: CORE,
  cli: [...CORE, 'coordinator', 'config'],
  daemon: [...CORE, 'coordinator', 'config'],
  'main.ts': [...CORE, 'coordinator', 'config', 'cli', 'daemon', 'adapters'],
  'stillshot.js': ['main.ts'],
}

/** Imports, types counted, that point where no arrow of the design leads. */
export function wrongArrows(modules: readonly Module[]): readonly string[] {
  return modules.filter(({ path }) => /^(src|adapters)\//.test(path)).flatMap(wrongImports)
}

function wrongImports(module: Module): readonly string[] {
  const from = unitOf(module.path)
  const allowed = module.path.startsWith('src/') ? MAY_IMPORT[from] : PORTS
  if (allowed === undefined) return [`${module.path}: ${from} has no row in the table of arrows`]
  return module.imports.flatMap(({ specifier, target, line }) => {
    const place = `${module.path}:${line}`
    if (specifier === undefined) return [`${place}: a computed import cannot be checked`]
    if (target === undefined || unitOf(target) === from) return []
    if (FOUNDATIONS.includes(unitOf(target)) && from.startsWith('adapters/')) return []
    const to = target.startsWith('adapters/') ? 'adapters' : unitOf(target)
    const inside = target.startsWith('src/') || to === 'adapters'
    return inside && allowed.includes(to) ? [] : [`${place}: ${from} may not import ${target}`]
  })
}

/** `saga`, `errors.ts`; for adapters the whole folder of one: `adapters/hypervisors/libvirt`, `adapters/system`. */
function unitOf(path: string): string {
  const [top = '', kind = '', name = '', deeper] = path.split('/')
  if (top !== 'adapters') return kind
  return deeper === undefined ? `${top}/${kind}` : `${top}/${kind}/${name}`
}
