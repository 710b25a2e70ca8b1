import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { promisify } from 'node:util'

/** The file that `stillshot` is. */
export const BIN = join(import.meta.dirname, '../src/stillshot.js')

/** For one test file: runs the real command in homes of its own, which are gone after the tests. */
export function stillshotCommand() {
  const scratch = mkdtempSync(join(tmpdir(), 'stillshot-bin-'))
  after(() => rmSync(scratch, { recursive: true }))
  return {
    newHome: () => mkdtempSync(join(scratch, 'home-')),
    async stillshot(argv: readonly string[], environment: Record<string, string>, bin = BIN) {
      const env = { PATH: process.env.PATH, ...environment }
      const ran = promisify(execFile)(process.execPath, [bin, ...argv], { cwd: scratch, env })
      return ran.then(
        ({ stdout, stderr }) => ({ status: 0, stdout, stderr }),
        ({ code, stdout, stderr }) => ({ status: code as number, stdout: String(stdout), stderr: String(stderr) }),
      )
    },
  }
}
