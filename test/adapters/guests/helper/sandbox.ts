import { spawn } from 'node:child_process'
import { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadHelper } from '../../../../adapters/guests/helper/helper-file.ts'
import { compileSchema, errorsText } from '../../../../src/json-schema/compile.ts'

/** The shells that a guest's /bin/sh may be. */
export const SHELLS = { dash: '/usr/bin/env dash', busybox: '/usr/bin/env -S busybox sh' } as const
export type ShellName = keyof typeof SHELLS

export const HOLD = '01JDABCDEFGHJKMNPQRSTVWXYZ'
export const OTHER_HOLD = '01JDABCDEFGHJKMNPQRSTVWXY0'

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * A guest in a folder: the helper with its constants pointed there (it reads no environment, so a copy is changed), and
 * stand-ins for systemctl, systemd-run and the client that keep their state in files.
 */
export interface Sandbox {
  readonly root: string
  run(words: readonly string[], options?: { stdin?: string | Promise<string>; env?: NodeJS.ProcessEnv }): Promise<Ran>
  /** Runs a verb whose answer must fit its schema. */
  answer<T>(schema: object, ...words: readonly string[]): Promise<T>
  write(path: string, content?: string): Promise<void>
  read(path: string): Promise<string>
  unit(name: string): Promise<string>
  remove(): Promise<void>
}

/** `proc`: whose processes the helper sees; by default none, so that a server on this machine does not matter. */
export async function openSandbox(shell: ShellName, { proc }: { proc?: string } = {}): Promise<Sandbox> {
  const root = await mkdtemp(join(tmpdir(), 'stillshot-helper-'))
  await furnish(root)
  await installHelper(root, SHELLS[shell], proc ?? join(root, 'proc'))
  return {
    root,
    run: (words, options) => execute(join(root, 'stillshot-guest'), words, options),
    async answer<T>(schema: object, ...words: readonly string[]): Promise<T> {
      const { status, stdout, stderr } = await execute(join(root, 'stillshot-guest'), words)
      const document: unknown = parse(stdout, stderr)
      const fits = compileSchema(schema)
      if (!fits(document)) throw new Error(`${words[0]}: ${errorsText(fits.errors)}: ${stdout}`)
      if (status !== 0) throw new Error(`${words[0]} ended with ${status}: ${stdout}${stderr}`)
      return document as T
    },
    write: (path, content = '') => writeFile(join(root, path), content, { mode: 0o644 }),
    read: (path) => readFile(join(root, path), 'utf8'),
    unit: async (name) => (await readFile(join(root, 'units', name), 'utf8')).trim(),
    // What the helper began behind our back may still write its last files.
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }),
  }
}

function parse(stdout: string, stderr: string): unknown {
  try {
    return JSON.parse(stdout)
  } catch {
    throw new Error(`no document: ${stdout}${stderr}`)
  }
}

/** One document that says no, with its code. */
export function refusal({ status, stdout, stderr }: Ran): string {
  const document = parse(stdout, stderr) as { ok: boolean; error: { code: string } | null }
  if (status !== 1 || document.ok || document.error === null) throw new Error(`not refused (${status}): ${stdout}`)
  return document.error.code
}

async function furnish(root: string): Promise<void> {
  const folders = [
    'bin',
    'units',
    'etc/profiles',
    'etc/init.d',
    'etc/systemd/system',
    'run/systemd/system',
    'var',
    'data',
    'proc',
  ]
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true, mode: 0o755 })
  for (const name of ['uptime', 'sys', 'self']) await symlink(`/proc/${name}`, join(root, 'proc', name))
  await writeFile(join(root, 'data/ib_logfile0'), redo())
  await writeFile(join(root, 'data/ibdata1'), Buffer.alloc(16384, 1))
  await writeFile(join(root, 'data/aria_log_control'), Buffer.alloc(52, 2))
  await writeFile(join(root, 'error.log'), 'an old line\n')
  await writeFile(join(root, 'etc/profiles/mysql'), profileText('mysql', 'component dbms auto 2 5'), { mode: 0o644 })
  await socketFile(join(root, 'socket'))
  await link(join(root, 'socket'), join(root, 'mysqld.sock'))
  await writeFile(join(root, 'units/mariadb.service'), 'active\n')
  await writeFile(join(root, 'units/mysql.service.alias'), 'mariadb.service\n')
  await writeFile(join(root, 'units/mysqld.service.alias'), 'mariadb.service\n')
  const stubs = new URL('./stubs/', import.meta.url)
  for (const name of await readdir(stubs)) {
    const text = await readFile(new URL(name, stubs), 'utf8')
    await writeFile(join(root, 'bin', name), text.replaceAll('@ROOT@', root), { mode: 0o755 })
  }
}

export function profileText(name: string, ...lines: readonly string[]): string {
  return ['stillshot-profile 1', `name ${name}`, ...lines, ''].join('\n')
}

/** MariaDB 10.8+: header "Phys", first sequence number 0x3000, checkpoint at 0x3010, so that the tail is at 12304. */
function redo(): Buffer {
  const bytes = Buffer.alloc(65_536)
  bytes.write('Phys', 0, 'latin1')
  bytes.writeBigUInt64BE(0x3000n, 8)
  bytes.writeBigUInt64BE(0x3010n, 4096)
  bytes.writeBigUInt64BE(0x3010n, 4104)
  bytes.write('tail', 12_304, 'latin1')
  return bytes
}

/** A socket's file outlives its server only when the server does not remove it, which Node does on close: a link stays. */
async function socketFile(path: string): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(`${path}.bound`, resolve))
  await link(`${path}.bound`, path)
  await new Promise<void>((resolve) => server.close(() => resolve()))
}

async function installHelper(root: string, interpreter: string, proc: string): Promise<void> {
  const { content } = await loadHelper()
  const constants: Readonly<Record<string, string>> = {
    PATH: `${root}/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    SELF: `${root}/stillshot-guest`,
    PROFILES: `${root}/etc/profiles`,
    RUN: `${root}/run/stillshot`,
    MEMORY: `${root}/var/stillshot`,
    SYSTEMD: `${root}/run/systemd/system`,
    SYSTEM: `${root}/etc/systemd/system`,
    INITD: `${root}/etc/init.d`,
    UNIT_FOLDERS: `${root}/units`,
    WEB_FOLDERS: `${root}/www`,
    PROC: proc,
    OWNER: String(process.getuid?.() ?? 0),
  }
  let text = content.replace('#!/bin/sh', `#!${interpreter}`)
  for (const [name, value] of Object.entries(constants)) {
    const line = new RegExp(`^${name}=.*$`, 'm')
    if (!line.test(text)) throw new Error(`the helper has no constant ${name}`)
    text = text.replace(line, `${name}=${value}`)
  }
  await writeFile(join(root, 'stillshot-guest'), text)
  await chmod(join(root, 'stillshot-guest'), 0o755)
  await truncate(join(root, 'calls'), 0).catch(() => writeFile(join(root, 'calls'), ''))
}

/** Resolves when the condition holds; rejects after ten seconds, unless told. A condition that throws does not hold yet. */
export async function until(condition: () => Promise<boolean>, seconds = 10): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (!(await condition().catch(() => false))) {
    if (performance.now() > end) throw new Error('the condition did not come true')
    await sleep(20)
  }
}

export function execute(
  program: string,
  words: readonly string[],
  { stdin = '', env = {} }: { stdin?: string | Promise<string>; env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { env: { PATH: process.env.PATH, ...env } })
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
    child.stdin.on('error', () => {})
    Promise.resolve(stdin).then((text) => child.stdin.end(text), reject)
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, ...output }))
  })
}
