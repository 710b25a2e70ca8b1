import { LIMITS } from './limits.ts'
import { duration, names, SIZE_PATTERN, secret, text } from './values.ts'

const sshOfVm = {
  type: 'object',
  description: 'Where sshd of the guest answers.',
  additionalProperties: false,
  required: ['host'],
  properties: {
    host: { ...text, pattern: '^[^\\s\\u0000-\\u001f]+$', description: 'Address or name.', examples: ['10.0.0.5'] },
    port: { type: 'integer', minimum: 1, maximum: 65535, description: 'Port of sshd.', default: 22, examples: [22] },
    user: { ...text, description: 'Another user than `ssh.user`.', examples: ['backup'] },
  },
} as const

const hold = {
  type: 'object',
  description: 'Limits of the time in which the database stands still.',
  additionalProperties: false,
  properties: {
    ttl: {
      ...duration,
      description: `Time to live: the watchdog in the guest starts everything again before it is over, whatever else happens. ${LIMITS.ttl.least} to ${LIMITS.ttl.most}, longer than the budget.`,
      default: '120s',
      examples: ['120s'],
    },
    budget: {
      ...duration,
      description:
        'Longest outage that is accepted: a forecast over it is refused, a measured one is a reason of the grade.',
      default: '30s',
      examples: ['30s'],
    },
  },
} as const

const database = {
  type: 'object',
  description: 'How the helper logs in to the server; default: as root over the unix socket, without a password.',
  additionalProperties: false,
  properties: {
    user: {
      ...text,
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
      description: 'User of the server.',
      examples: ['stillshot'],
    },
    password: {
      ...secret,
      description: 'Its password by reference; sent on standard input only.',
      examples: ['file:db1.password'],
    },
    defaultsFile: {
      ...text,
      pattern: '^/[A-Za-z0-9@._:/-]*$',
      description: 'Option file in the guest with user and password, readable by root only.',
      examples: ['/etc/mysql/debian.cnf'],
    },
  },
} as const

const tools = {
  type: 'object',
  description:
    'A user of the guest, for programs that VMware Tools run in a copy of the VM, which has no network. vSphere only; a drill needs it.',
  additionalProperties: false,
  required: ['user', 'password'],
  properties: {
    user: {
      ...text,
      pattern: '^[A-Za-z0-9_][A-Za-z0-9._@\\\\-]{0,103}$',
      description: 'root, or the user that may run the helper by sudo.',
      examples: ['stillshot'],
    },
    password: { ...secret, description: 'Its password in the guest, by reference.', examples: ['file:db1.tools'] },
  },
} as const

const drill = {
  type: 'object',
  description: 'How a restore point is tried on a copy of the VM.',
  additionalProperties: false,
  properties: {
    assert: {
      type: 'array',
      description: 'Questions in SQL that a good copy answers with one row that begins with neither 0 nor NULL.',
      items: { ...text, description: 'One statement.', examples: ['select count(*) > 0 from shop.orders'] },
      examples: [['select count(*) > 0 from shop.orders']],
    },
    memory: {
      type: 'string',
      pattern: SIZE_PATTERN,
      description: 'Memory of the copy, where it needs less than the VM has: its server must start with it.',
      examples: ['2GiB'],
    },
    limit: {
      ...duration,
      description: 'Longest time for the checks, from the answer of the server on.',
      default: '1h',
      examples: ['1h'],
    },
  },
} as const

const backup = {
  type: 'object',
  description:
    'Lets `stillshot backup` read databases, files and configuration of the guest, and a restore write them. Run `stillshot guest install` after a change: the guest keeps what is allowed.',
  additionalProperties: false,
  required: ['repository'],
  properties: {
    repository: { ...text, description: 'Name under `repositories:`.', examples: ['nas'] },
    restore: {
      type: 'boolean',
      description: 'The guest also takes databases and files back; false lets it be read only.',
      default: true,
      examples: [true],
    },
  },
} as const

const vm = {
  type: 'object',
  description: 'One VM.',
  additionalProperties: false,
  required: ['hypervisor', 'id', 'ssh'],
  properties: {
    hypervisor: { ...text, description: 'Name under `hypervisors:`.', examples: ['kvm'] },
    id: {
      ...text,
      description: 'Proxmox vmid; vSphere inventory path or instance UUID; libvirt domain name or UUID.',
      examples: ['db1'],
    },
    ssh: sshOfVm,
    profile: {
      ...text,
      description: 'What must stand still: `mysql`, `idoit` or a name under `profiles:`.',
      default: 'mysql',
      examples: ['mysql'],
    },
    mode: {
      enum: ['stop', 'lock', 'freeze'],
      description:
        'How it stands still: `stop`, or `freeze`, which stops nothing. This version does not know `lock` yet.',
      default: 'stop',
      examples: ['stop'],
    },
    hold,
    drain: {
      ...duration,
      description: 'Longest time to write dirty pages out before the stop; `0s` leaves it out.',
      default: '20s',
      examples: ['20s'],
    },
    longTransactions: {
      ...duration,
      description: 'A transaction open for longer refuses the run: a stop would roll it back.',
      default: '60s',
      examples: ['60s'],
    },
    disks: {
      type: 'object',
      description:
        'Device of the guest and disk of the hypervisor, where `stillshot check` cannot match them by itself; in a container, where the volume is mounted and its name in the configuration.',
      propertyNames: { pattern: '^/[A-Za-z0-9@._:/-]*$' },
      additionalProperties: { ...text, description: 'Disk of the hypervisor.', examples: ['scsi1'] },
      examples: [{ '/dev/sdb': 'scsi1' }],
    },
    database,
    drill,
    tools,
    backup,
  },
} as const

export const vms = {
  type: 'object',
  description: 'The VMs that stillshot may touch, by a name of your choice.',
  propertyNames: names,
  additionalProperties: vm,
} as const

/** What a VM has where the configuration says nothing. */
export const vmDefaults = {
  port: sshOfVm.properties.port.default,
  profile: vm.properties.profile.default,
  mode: vm.properties.mode.default,
  ttl: hold.properties.ttl.default,
  budget: hold.properties.budget.default,
  drain: vm.properties.drain.default,
  longTransactions: vm.properties.longTransactions.default,
  drillLimit: drill.properties.limit.default,
  restore: backup.properties.restore.default,
} as const
