import type { Cell, CellResult, Versions } from './cell.ts'
import type { Fault } from './fault.ts'
import type { Results, Summary } from './results.ts'

/** docs/reference/faults.md, from the results alone. Pure. */
export function reportOf(
  { cells, faults, ttlMs }: { cells: readonly Cell[]; faults: readonly Fault[]; ttlMs: number },
  results: Results,
  summary: Summary,
): string {
  const run = cells.flatMap(({ name }) => results.get(name) ?? []).filter(({ notRun }) => notRun === undefined)
  const dates = run.map(({ at }) => at.slice(0, 10)).sort()
  return `<!-- Written by \`npm run faults\`; do not edit. -->

# Faults on a real guest

Each cell is one fault at one boundary of a procedure: the moment when its journal has the line that stands before the next
act (at \`snapshot: snapshot\` the hypervisor's task is kept back until the fault is in place). A guest with MariaDB and the real
command line play it: an emulated one on a real libvirt where the fault or the boundary is about the hypervisor or its machine, else a native
one, run by this machine's own kernel behind a stand-in of Proxmox VE. The hold's time to live is ${ttlMs / 1000} s (native: shorter), or longer where a
run without any fault, which each guest begins with, took long on the machine. Then everything is left to itself until the database is back, and \`stillshot recover\` runs twice. An observer in the guest asks \`SELECT 1\` every half
second and sees the end of its connection at once, independent of stillshot: the outage is the sum of the times without an
answer, of a guest that boots as well as of a server that is stopped.

Held against each cell: the database is back within the time to live without anybody's help (counted from the boot of a
guest that was reset or that a killed restore left off, for \`recover\` to power on, and from when the cause was lifted where
that alone prevents a stop or a start); no restore point says
\`db-stopped\` while the observer saw a server at the hypervisor's point in time; after \`recover\` every snapshot has its point
with the same grade, no lock, hold or run is open, nothing of stillshot is left in the guest, the unit is enabled as before,
and a second \`recover\` finds nothing; the canary of every configured secret is in no output, log, journal, catalog,
description or command line; whoever ends by itself says one document, and no failure is called a defect. Of backups and their restores besides: no half backup is in the
repository, every one that is listed can be read, no program of a dump or a load is left in the guest, the application does not run on half of a
restore, and after \`recover\` all is whole and as the user was told.

${run.length} cells were run between ${dates[0] ?? 'never'} and ${dates.at(-1) ?? 'never'}: ${summary.kept} kept every promise, ${summary.broken.length} did not; ${summary.notRun.length} of ${summary.cells} were not run.

${cells.length === 0 ? '' : tables(cells, results)}
## Faults

| fault | what happens | elsewhere |
|---|---|---|
${faults.map(({ name, about, elsewhere }) => `| ${name} | ${cellText(about)} | ${cellText(elsewhere ?? 'a cell at every boundary')} |`).join('\n')}

## Not run

${summary.notRun.length === 0 ? 'Every cell was run.' : summary.notRun.map(({ cell, reason }) => `- \`${cell}\`: ${reason}`).join('\n')}

## Versions

${versionLines(run)}
`
}

function tables(cells: readonly Cell[], results: Results): string {
  const groups = Map.groupBy(cells, ({ procedure, boundary }) => `${procedure.name}: ${boundary.name}`)
  return [...groups]
    .map(([title, group]) => {
      const rows = group.flatMap(({ name, fault }) => {
        const result = results.get(name)
        return result === undefined || result.notRun !== undefined ? [] : [row(fault.name, result)]
      })
      const head =
        '| fault | on | the user was told | outage | grade | promises | date | versions |\n|---|---|---|---|---|---|---|---|'
      return `## ${title}\n\n${rows.length === 0 ? 'Not run yet.' : [head, ...rows].join('\n')}\n`
    })
    .join('\n')
}

function row(fault: string, { told, outageMs, grades, broken, at, versions }: CellResult): string {
  const promises = broken.length === 0 ? 'kept' : `**broken**: ${broken.join('; ')}`
  const columns = [
    fault,
    versions.libvirt === undefined ? 'native' : 'libvirt',
    told.join('; '),
    `${outageMs} ms`,
    grades.join(', ') || '–',
    promises,
    at.slice(0, 16).replace('T', ' '),
    versions.stillshot,
  ]
  return `| ${columns.map(cellText).join(' | ')} |`
}

function versionLines(run: readonly CellResult[]): string {
  const lines = new Set(run.map(({ versions }) => versionLine(versions)))
  return [...lines].sort().join('\n')
}

function versionLine({ stillshot, mariadb, libvirt, qemu }: Versions): string {
  const on = libvirt === undefined ? 'a native guest' : `libvirt ${libvirt}, QEMU ${qemu}`
  return `- stillshot ${stillshot}, MariaDB ${mariadb}, ${on}`
}

function cellText(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').replaceAll('<', '&lt;').slice(0, 400)
}
