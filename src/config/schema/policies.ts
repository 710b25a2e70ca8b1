import { count, duration, names, text } from './values.ts'

const texts = (example: string) => ({ type: 'array', items: text, examples: [[example]] }) as const

const select = {
  type: 'object',
  description: 'Which of the VMs under `vms:`; what is named must all be true of a VM.',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    vms: { ...texts('db1'), description: 'Names under `vms:`.' },
    hypervisor: { ...text, description: 'Name under `hypervisors:`.', examples: ['kvm'] },
    tag: {
      ...text,
      description: 'A tag of the hypervisor; on vSphere also as `category/tag`. libvirt has none.',
      examples: ['database'],
    },
    pool: {
      ...text,
      description: 'A pool of Proxmox VE or resource pool of vSphere, with the pools in it (`production/databases`).',
      examples: ['production'],
    },
    folder: {
      ...text,
      description: 'A folder of vSphere by its path, with the folders in it.',
      examples: ['/dc1/vm/databases'],
    },
    node: {
      ...text,
      description: 'A node of Proxmox VE or host of vSphere, on which the VM is now.',
      examples: ['pve1'],
    },
    cluster: { ...text, description: 'A cluster of hosts of vSphere.', examples: ['production'] },
    name: { ...text, description: 'Pattern of the name under `vms:`, with `*`.', examples: ['db*'] },
    exclude: {
      ...texts('db-test'),
      description: 'Names under `vms:`, or patterns of names with `*`, that are left out.',
    },
  },
} as const

const keep = {
  type: 'object',
  description:
    'What `prune` keeps: whatever any of these keeps. `suspect` and `crash-only` points count for none of them. A point stays in any case while nothing newer is as good.',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    last: { ...count, description: 'So many of the newest.', examples: [3] },
    hourly: { ...count, description: 'The best, then newest, of so many hours that have one.', examples: [24] },
    daily: { ...count, description: 'The same of days.', examples: [7] },
    weekly: { ...count, description: 'The same of weeks.', examples: [4] },
    monthly: { ...count, description: 'The same of months.', examples: [6] },
    within: {
      ...duration,
      description: 'Nothing older than this is kept, counted back from the newest.',
      examples: ['72h'],
    },
  },
} as const

export const policies = {
  type: 'object',
  description: 'Which VMs, when, and what is kept. `prune` acts on `keep`; this version has no schedule yet.',
  propertyNames: names,
  additionalProperties: {
    type: 'object',
    description: 'One policy.',
    additionalProperties: false,
    required: ['select', 'schedule'],
    properties: {
      select,
      schedule: { ...text, description: 'When, as a cron expression.', examples: ['30 2 * * *'] },
      timezone: {
        ...text,
        description: 'Time zone of the schedule, and of the days, weeks and months that are kept.',
        default: 'UTC',
        examples: ['Europe/Paris'],
      },
      keep,
      keepBackups: {
        ...keep,
        description:
          'The same for backups in repositories, by `prune --backups`. Without it, all backups stay. The last good one stays in any case, of each set of parts, and of those with a third machine.',
      },
    },
  },
} as const
