import { halfRestored } from './half-schema.ts'
import { envelope, envelopeRequired, page, processes, relatedUnit, replicas, shapes } from './parts.ts'

const { text, whole, wholeOrNull, textOrNull, bool, texts, textMap } = shapes

/** A disk under a file system, found through partitions, LVM, MD, LUKS and multipath. */
const guestDisk = {
  type: 'object',
  properties: {
    /** Kernel name: `vda`, `sdb`. */
    name: text,
    serial: textOrNull,
    /** Names in /dev/disk/by-id that lead to it. */
    byId: texts,
    sizeBytes: whole,
    /** `virtio`, `scsi`, `ide`, `nvme`, … from sysfs; null when unknown. */
    bus: textOrNull,
    /** Position on its bus as the guest sees it (SCSI target or lun, virtio PCI order, NVMe index); null when unknown. */
    unit: wholeOrNull,
  },
  required: ['name', 'serial', 'byId', 'sizeBytes', 'bus', 'unit'],
} as const

const fileSystem = {
  type: 'object',
  properties: {
    target: text,
    source: text,
    type: text,
    availableBytes: wholeOrNull,
    disks: { type: 'array', items: guestDisk },
    /** Null when every layer down to disks was understood; else the layer that was not (network, overlay, …). */
    unresolved: textOrNull,
  },
  required: ['target', 'source', 'type', 'availableBytes', 'disks', 'unresolved'],
} as const

const directory = {
  type: 'object',
  properties: {
    role: { enum: ['data', 'innodb', 'redo', 'undo', 'binlog', 'relay-log', 'table', 'aria'] },
    path: text,
    /** {@link fileSystem}.target that it lies on; `?` when it could not be followed or asked: then it is not covered. */
    mount: text,
  },
  required: ['role', 'path', 'mount'],
} as const

const probedComponent = {
  type: 'object',
  properties: {
    kind: { enum: ['dbms', 'unit'] },
    /** As the profile names it: `auto` or a unit. */
    wanted: text,
    /** Resolved (aliases followed): `mariadb.service`; a SysV name without suffix; null when nothing was found. */
    unit: textOrNull,
    loadState: textOrNull,
    active: bool,
    /** systemctl is-enabled, or `enabled`/`disabled` by rc links under SysV. */
    enabled: textOrNull,
    /** Path of the unit file, to tell a pacemaker-managed or generated unit. */
    fragmentPath: textOrNull,
    triggers: { type: 'array', items: relatedUnit },
    dependents: { type: 'array', items: relatedUnit },
    /** True when a cluster manager (pacemaker) has it as a resource. */
    clusterManaged: bool,
  },
  required: [
    'kind',
    'wanted',
    'unit',
    'loadState',
    'active',
    'enabled',
    'fragmentPath',
    'triggers',
    'dependents',
    'clusterManaged',
  ],
} as const

const probedDbms = {
  type: ['object', 'null'],
  properties: {
    /** Whether the helper could log in and ask; false: everything asked of the server is empty, `loginError` says why. */
    reachable: bool,
    loginError: textOrNull,
    mainPid: wholeOrNull,
    processes,
    /** SHOW GLOBAL VARIABLES, the ones in docs/reference/helper.md. Names in lower case. */
    variables: textMap,
    /** SHOW GLOBAL STATUS, the ones in docs/reference/helper.md (dirty pages, wsrep_…). Names in lower case. */
    status: textMap,
    /** Transactions open for longer than a second, longest first, at most 20. */
    longTransactions: {
      type: 'array',
      items: { type: 'object', properties: { thread: text, seconds: whole }, required: ['thread', 'seconds'] },
    },
    replicas,
    /** Servers that read our binlog now. */
    connectedReplicas: whole,
    directories: { type: 'array', items: directory },
    /** Size of data, for the forecast; null when it would take long to learn. */
    errorLog: textOrNull,
    socket: textOrNull,
    pidFile: textOrNull,
  },
  required: [
    'reachable',
    'loginError',
    'mainPid',
    'processes',
    'variables',
    'status',
    'longTransactions',
    'replicas',
    'connectedReplicas',
    'directories',
    'errorLog',
    'socket',
    'pidFile',
  ],
} as const

/** `probe PROFILE`: everything that preflight needs, in one round trip; changes nothing. */
export const probeSchema = {
  type: 'object',
  properties: {
    ...envelope,
    profile: text,
    init: { enum: ['systemd', 'sysv'] },
    macs: texts,
    watchdog: { enum: ['systemd-run', 'process'] },
    openHold: {
      type: ['object', 'null'],
      properties: { id: text, state: text, profile: text },
      required: ['id', 'state', 'profile'],
    },
    components: { type: 'array', items: probedComponent },
    dbms: probedDbms,
    fileSystems: { type: 'array', items: fileSystem },
    /** Absent from an older helper; null where the profile has none, or none was found. */
    page,
    /** Forecasts from earlier holds in this guest; null when there was none. */
    lastStopMs: wholeOrNull,
    lastStartMs: wholeOrNull,
    half: halfRestored,
  },
  required: [
    ...envelopeRequired,
    'profile',
    'sha256',
    'init',
    'macs',
    'watchdog',
    'openHold',
    'components',
    'dbms',
    'fileSystems',
    'lastStopMs',
    'lastStartMs',
  ],
} as const
