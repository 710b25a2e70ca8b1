import { count, duration, names, text } from './values.ts'

const texts = (example: string) => ({ type: 'array', items: text, examples: [[example]] }) as const

const select = {
  type: 'object',
  description: 'Which VMs; what is named must all be true of a VM.',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    vms: { ...texts('db1'), description: 'Names under `vms:`.' },
    hypervisor: { ...text, description: 'Name under `hypervisors:`.', examples: ['kvm'] },
    tag: { ...text, description: 'A tag of the hypervisor.', examples: ['database'] },
    pool: { ...text, description: 'A pool of Proxmox VE or resource pool of vSphere.', examples: ['production'] },
    folder: { ...text, description: 'A folder of vSphere.', examples: ['/dc1/vm/databases'] },
    name: { ...text, description: 'Pattern of the name, with `*`.', examples: ['db*'] },
    exclude: { ...texts('db-test'), description: 'Names that are left out.' },
  },
} as const

const keep = {
  type: 'object',
  description: 'Retention. The newest `db-stopped` point is always kept.',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    last: { ...count, description: 'So many of the newest.', examples: [3] },
    hourly: { ...count, description: 'The newest of so many hours.', examples: [24] },
    daily: { ...count, description: 'The newest of so many days.', examples: [7] },
    weekly: { ...count, description: 'The newest of so many weeks.', examples: [4] },
    monthly: { ...count, description: 'The newest of so many months.', examples: [6] },
    within: { ...duration, description: 'Nothing older than this is kept.', examples: ['72h'] },
  },
} as const

export const policies = {
  type: 'object',
  description: 'Which VMs, when, and what is kept. This version checks and stores them; it does not act on them yet.',
  propertyNames: names,
  additionalProperties: {
    type: 'object',
    description: 'One policy.',
    additionalProperties: false,
    required: ['select', 'schedule'],
    properties: {
      select,
      schedule: { ...text, description: 'When, as a cron expression.', examples: ['30 2 * * *'] },
      timezone: { ...text, description: 'Time zone of the schedule.', default: 'UTC', examples: ['Europe/Paris'] },
      keep,
    },
  },
} as const
