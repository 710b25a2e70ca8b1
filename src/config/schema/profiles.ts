import { PLACE, ROLES } from '../../guest/profile.ts'
import { duration, names } from './values.ts'

/** As the helper takes it; one that begins with a dash would be an option of systemctl. */
const unit = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9@._:-]*$', maxLength: 200 } as const

const component = {
  type: 'object',
  description: 'One component: a `unit`, a `role` or the `dbms`, one of them.',
  additionalProperties: false,
  properties: {
    unit: { ...unit, description: 'A unit of systemd, or a SysV service.', examples: ['cron.service'] },
    role: {
      enum: ROLES,
      description:
        'Whatever has this part in the guest: `cron`, `web` (Apache, nginx, lighttpd) or `php` (PHP-FPM, all versions). Where nothing has it, nothing is held.',
      examples: ['web'],
    },
    dbms: { ...unit, description: 'The DBMS: `auto` finds it, or the name of its unit.', examples: ['auto'] },
    stopLimit: {
      ...duration,
      description: 'Longest wait for its stop; over it, everything is started again. Nothing is killed.',
      default: '60s',
      examples: ['60s'],
    },
    startLimit: { ...duration, description: 'Longest wait for its start.', default: '60s', examples: ['60s'] },
  },
} as const

/** One that the helper does not take would leave the VM without any profile, and so without snapshots, too. */
const path = { type: 'string', pattern: PLACE, maxLength: 200 } as const
const paths = { type: 'array', maxItems: 64 } as const

const backup = {
  type: 'object',
  description: 'What belongs to a backup beside the databases. Paths that are not there are left out, and told.',
  additionalProperties: false,
  properties: {
    files: {
      ...paths,
      description: 'Folders of the application: what it is made of and what was uploaded.',
      items: { ...path, description: 'A folder or file.', examples: ['/var/www/html'] },
      examples: [['/var/www/html']],
    },
    exclude: {
      ...paths,
      description: 'What is left out of them, such as caches.',
      items: { ...path, description: 'A folder or file.', examples: ['/var/www/html/temp'] },
      examples: [['/var/www/html/temp']],
    },
    configuration: {
      ...paths,
      description: 'Beside what is kept always: web server, PHP, MySQL or MariaDB, cron.',
      items: { ...path, description: 'A folder or file.', examples: ['/etc/i-doit'] },
      examples: [['/etc/i-doit']],
    },
  },
} as const

export const profiles = {
  type: 'object',
  description: 'What must stand still, in the order in which it stops. `mysql` and `idoit` are built in.',
  propertyNames: names,
  additionalProperties: {
    type: 'object',
    description: 'One profile.',
    additionalProperties: false,
    required: ['components'],
    properties: {
      components: {
        type: 'array',
        description: 'First to stop, last to start again.',
        minItems: 1,
        maxItems: 32,
        items: component,
      },
      settingsPutBack: {
        type: 'boolean',
        description:
          'Your own start-up files put run-time settings (read_only, replica threads) back before connections are accepted.',
        default: false,
        examples: [false],
      },
      page: {
        type: 'string',
        pattern: '^(auto|https?://[A-Za-z0-9][A-Za-z0-9@._:/-]{0,150})$',
        description:
          'Address of a page that the guest itself asks for before and after: one that answered before must answer again. `auto`: the login page of i-doit.',
        examples: ['http://127.0.0.1/'],
      },
      backup,
    },
  },
} as const

export const profileDefaults = {
  stopLimit: component.properties.stopLimit.default,
  startLimit: component.properties.startLimit.default,
} as const
