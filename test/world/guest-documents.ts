/** The pieces of the helper's answers that every model of a guest says alike. Units and facts are the model's own. */
export const SERVER = 'mariadb.service'
export const WEB = 'apache2.service'
export const MARKER = { mount: '/', path: '/var/lib/stillshot/stillshot-marker' }
const NO_LOG = { source: 'none', path: null, textBase64: '', truncated: false }

/** What every answer begins with. */
export function envelope(
  verb: string,
  hold: string,
  { bootId, uuid, sha256 }: { bootId: string; uuid: string; sha256: string },
  uptimeMs: number,
): object {
  return { version: 1, protocol: 1, helper: '0', sha256, verb, hold, ok: true, error: null, bootId, uuid, uptimeMs }
}

export interface Probed {
  readonly mac: string
  readonly disk: { readonly serial: string; readonly sizeBytes: number }
  /** The server answers. */
  readonly running: boolean
  readonly replicas?: number
  readonly components: readonly object[]
}

/** `probe`: one server on one virtio disk. */
export function probeDocument({ mac, disk, running, replicas = 0, components }: Probed): object {
  const vda = { name: 'vda', ...disk, byId: [], bus: 'virtio', unit: 0 }
  return {
    profile: 'mysql',
    init: 'systemd',
    macs: [mac],
    watchdog: 'systemd-run',
    openHold: null,
    lastStopMs: null,
    lastStartMs: null,
    components,
    dbms: {
      reachable: running,
      loginError: null,
      mainPid: 1,
      processes: [],
      variables: {},
      status: {},
      longTransactions: [],
      replicas: [],
      connectedReplicas: replicas,
      directories: [{ role: 'data', path: '/var/lib/mysql', mount: '/' }],
      errorLog: null,
      socket: null,
      pidFile: null,
    },
    fileSystems: [{ target: '/', source: '/dev/vda', type: 'ext4', availableBytes: 1, disks: [vda], unresolved: null }],
  }
}

/** One component of a probe. */
export function probedComponent(kind: 'dbms' | 'unit', wanted: string, unit: string, active: boolean): object {
  return {
    kind,
    wanted,
    unit,
    loadState: 'loaded',
    active,
    enabled: 'enabled',
    fragmentPath: null,
    triggers: [],
    dependents: [],
    clusterManaged: false,
  }
}

/** The server in a hold's answer. */
export function stoppedServer(unit: object, pidBefore: number | null, processes: readonly object[]): object {
  return {
    unit,
    pidBefore,
    processes,
    pidFileExists: false,
    socketExists: false,
    openFiles: 0,
    log: NO_LOG,
    redo: null,
    files: [],
  }
}

/** The server in a come-back's answer. */
export function serverNow(unit: object, { running, recovered }: { running: boolean; recovered: boolean }): object {
  return {
    unit,
    socketExists: running,
    select1: running,
    loginError: null,
    log: { ...NO_LOG, textBase64: recovered ? btoa('Starting crash recovery') : '' },
    variables: {},
    replicas: [],
  }
}
