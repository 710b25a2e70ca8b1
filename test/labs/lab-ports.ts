import { mysqlApplication } from '../../adapters/applications/mysql/mysql-application.ts'
import { openSqliteCatalog } from '../../adapters/catalogs/sqlite/sqlite-catalog.ts'
import { loadHelper } from '../../adapters/guests/helper/helper-file.ts'
import { SshShells } from '../../adapters/guests/ssh/ssh-shells.ts'
import { LibvirtHypervisor } from '../../adapters/hypervisors/libvirt/libvirt-hypervisor.ts'
import { nodeSystem } from '../../adapters/system/node-system.ts'
import type { Ports, VmSettings } from '../../src/coordinator/ports.ts'
import type { Hypervisor } from '../../src/hypervisor/hypervisor.ts'
import { silentLog } from '../silent-log.ts'
import type { GuestUnderTest } from './guest-under-test.ts'
import type { Lab } from './lab.ts'
import type { StillshotCli } from './stillshot-cli.ts'

/** One without a domain of libvirt is reached over another hypervisor. */
type LabPortsGuest = GuestUnderTest & { readonly domain?: string }

export interface LabPorts {
  readonly ports: Ports
  readonly settings: VmSettings
  close(): Promise<void>
}

/**
 * The real adapters around one lab guest, put together in this process, for what a command line cannot arrange: a test
 * may put its own layer over the hypervisor. Shares its state with `cli`.
 */
export async function openLabPorts(
  lab: Pick<Lab, 'uri'>,
  guest: LabPortsGuest,
  cli: StillshotCli,
  options: { over?: (real: Hypervisor) => Hypervisor; settings?: Partial<VmSettings> } = {},
): Promise<LabPorts> {
  const system = nodeSystem()
  const real = new LibvirtHypervisor({ name: 'lab', uri: lab.uri })
  const catalog = await openSqliteCatalog({ path: `${cli.stateDirectory}/catalog.sqlite`, clock: system.clock })
  const shells = new SshShells({
    clock: system.clock,
    keyPath: guest.userKeyPath,
    knownHostsPath: guest.knownHostsPath,
    connectTimeoutMs: 30_000,
    keepAliveMs: 10_000,
  })
  const ports: Ports = {
    system,
    shells,
    catalog,
    hypervisor: options.over?.(real) ?? real,
    application: mysqlApplication(),
    log: silentLog,
    progress: { phase() {} },
    stateDirectory: cli.stateDirectory,
    helper: await loadHelper(),
  }
  const close = async () => {
    await real.close()
    await catalog.close()
  }
  return { ports, settings: { ...labSettings(guest), ...options.settings }, close }
}

function labSettings(guest: LabPortsGuest): VmSettings {
  return {
    name: guest.name,
    reference: guest.domain ?? guest.name,
    guest: { vm: guest.name, host: guest.host, port: guest.sshPort, user: guest.user },
    profile: {
      name: 'mysql',
      components: [{ kind: 'dbms', unit: 'auto', stopSeconds: 120, startSeconds: 120 }],
      settingsPutBack: false,
    },
    holdTtlMs: 120_000,
    budgetMs: 110_000,
    drainMs: 0,
    longTransactionSeconds: 30,
    disks: {},
  }
}

/** The hypervisor with one call replaced; everything else is the real one's. */
export function withCreateSnapshot(real: Hypervisor, createSnapshot: Hypervisor['createSnapshot']): Hypervisor {
  return new Proxy(real, {
    get(target, property) {
      if (property === 'createSnapshot') return createSnapshot
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
