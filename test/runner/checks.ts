import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** A look at the sources that counts as one test. */
export interface Check {
  readonly name: string
  readonly command: readonly string[]
}

const TOOLS = 'node_modules/.bin'

/** Linter, types, and whether the generated files are those that would be generated now. */
export function checksOf(root: string): readonly Check[] {
  const generator = 'config/generate.ts'
  return [
    { name: 'format and lint', command: [join(TOOLS, 'biome'), 'check', '--error-on-warnings', '.'] },
    { name: 'types', command: [join(TOOLS, 'tsc'), '--noEmit'] },
    ...(existsSync(join(root, generator))
      ? [{ name: 'generated files', command: [process.execPath, generator, '--check'] }]
      : []),
  ]
}

/** Resolves with what the command printed and whether it was content. */
export function runCheck(check: Check, root: string): Promise<{ good: boolean; output: string }> {
  const [program = '', ...args] = check.command
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const keep = (text: Buffer) => {
      output += text
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error) => resolve({ good: false, output: error.message }))
    child.on('close', (status) => resolve({ good: status === 0, output }))
  })
}
