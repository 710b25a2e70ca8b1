import { parseArgs } from 'node:util'

/** `npm run bench -- NAME [--hypervisor KIND] [--rounds N] [--json]`: one benchmark; a table for people, with `--json` one document last. */
const BENCHMARKS: Readonly<Record<string, () => Promise<{ bench: Bench }>>> = {
  backup: () => import('./backup/backup.ts'),
  outage: () => import('./outage/outage.ts'),
  restore: () => import('./restore.ts'),
  startup: () => import('./startup.ts'),
  vsphere: () => import('./vsphere.ts'),
}

export interface BenchOptions {
  readonly rounds?: number
  /** For `outage` and `restore`: libvirt unless given. */
  readonly hypervisor?: string
  readonly say: (line: string) => void
}

/** Measures, and gives the document to print and the same for a person; `missed` ends the command with 1. */
export type Bench = (options: BenchOptions) => Promise<{ document: object; table: string; missed: boolean }>

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, rounds: { type: 'string' }, hypervisor: { type: 'string' } },
})
const load = BENCHMARKS[positionals[0] ?? '']
if (load === undefined) {
  process.stderr.write(
    `usage: npm run bench -- NAME [--hypervisor libvirt|proxmox|vsphere] [--rounds N] [--json]\nNAME is one of ${Object.keys(BENCHMARKS).join(', ')}\n`,
  )
  process.exit(2)
}
const { bench } = await load()
const say = (line: string) => process.stderr.write(`${line}\n`)
const { hypervisor } = values
const rounds = values.rounds === undefined ? undefined : Number(values.rounds)
const { document, table, missed } = await bench({
  say,
  ...(rounds === undefined ? {} : { rounds }),
  ...(hypervisor === undefined ? {} : { hypervisor }),
})
process.stderr.write(table)
if (values.json) process.stdout.write(`${JSON.stringify(document)}\n`)
process.exitCode = missed ? 1 : 0
