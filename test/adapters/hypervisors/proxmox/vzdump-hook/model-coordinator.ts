import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteCatalog } from '../../../../../adapters/catalogs/sqlite/sqlite-catalog.ts'
import { FakeShells } from '../../../../../adapters/guests/fake/fake-shells.ts'
import { FakeHypervisor } from '../../../../../adapters/hypervisors/fake/fake-hypervisor.ts'
import { NodeHost } from '../../../../../adapters/system/node-host.ts'
import { nodeSystem } from '../../../../../adapters/system/node-system.ts'
import type { App, OpenVm, Session } from '../../../../../src/cli/app.ts'
import { watchInterrupts } from '../../../../../src/cli/interrupts.ts'
import { lazyProcedures } from '../../../../../src/cli/procedures.ts'
import { runCommandLine } from '../../../../../src/cli/run.ts'
import { vmSettings } from '../../../../../src/cli/vm-settings.ts'
import { loadSettings } from '../../../../../src/config/load.ts'
import { Redaction } from '../../../../../src/log/redaction.ts'
import { silentLog } from '../../../../silent-log.ts'
import { modelApplication } from '../../../../world/model-application.ts'
import { ModelGuest } from '../../../../world/model-guest.ts'

/**
 * stillshot as it is, with a model of one guest where hypervisor and network are: real time, real files, real standard input.
 * Called with a folder, then the words of the command line. Writes `down` and `up`, with the time, to `guest` in that folder.
 */

const [root = '', ...argv] = process.argv.slice(2)
const system = nodeSystem()
const { clock } = system
const guest = new ModelGuest(clock)
const { uuid, mac, serial, sizeBytes, sha256 } = guest.facts
const disk = { id: 'scsi0', bus: 'scsi', serial, unit: 0, sizeBytes, covered: true }
const hypervisor = new FakeHypervisor({
  clock,
  name: 'pve',
  vms: [{ nativeId: '100', uuid, macs: [mac], disks: [disk] }],
})
const shells = new FakeShells({ clock, program: guest.program })
for (const [list, word] of [
  [guest.downAt, 'down'],
  [guest.upAt, 'up'],
] as const) {
  list.push = (...times) => {
    appendFileSync(join(root, 'guest'), `${word} ${Date.now()}\n`)
    return times.length
  }
}

const terminal = {
  out: (text: string) => void process.stdout.write(text),
  err: (text: string) => void process.stderr.write(text),
  interactive: false,
  columns: 80,
}
const host = new NodeHost()
const settings = () => loadSettings(host, join(root, 'stillshot.yaml'))
const catalog = await openSqliteCatalog({ path: join(root, 'state/catalog.sqlite'), clock })
const progress = { phase() {} }
const common = { system, catalog, log: silentLog, progress, stateDirectory: join(root, 'state') }

function unused(): never {
  throw new Error('not of a hook')
}

const session: Session = {
  settings,
  catalog: async () => catalog,
  recoverPorts: async () => common,
  knownHosts: unused,
  repositories: { open: unused },
  openHypervisor: async () => hypervisor,
  async openVm(name, entry): Promise<OpenVm> {
    const helper = { content: '', sha256, olderSha256: [] }
    const ports = { ...common, hypervisor, shells, application: modelApplication, helper }
    return { ports, settings: vmSettings(await settings(), name, entry, unused) }
  },
  close: () => catalog.close(),
}

using interrupts = watchInterrupts(process, terminal.err)
const app: App = {
  ...{ version: '1', terminal, system, host, redaction: new Redaction(), procedures: lazyProcedures },
  input: {
    [Symbol.asyncIterator]: () => process.stdin.setEncoding('utf8')[Symbol.asyncIterator](),
    close: () => process.stdin.destroy(),
  },
  program: [],
  ...{ vzdumpScript: unused, prompts: { confirm: unused, text: unused, choose: unused }, writeNewFile: unused },
  signal: interrupts.signal,
  openSession: () => session,
}
process.exitCode = await runCommandLine(argv, app)
