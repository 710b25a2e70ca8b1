import type { VmSettings } from '../../src/coordinator/ports.ts'

interface Given extends Pick<VmSettings, 'holdTtlMs'> {
  readonly databasePassword: () => Promise<string>
}

/** What the configuration of every world says of its VM. */
export function settingsOf(vm: string, { holdTtlMs, databasePassword }: Given): VmSettings {
  return {
    name: vm,
    reference: vm,
    guest: { vm, host: '10.0.0.1', port: 22, user: 'stillshot' },
    profile: {
      name: 'mysql',
      settingsPutBack: false,
      components: [
        { kind: 'unit', unit: 'apache2.service', stopSeconds: 60, startSeconds: 60 },
        { kind: 'dbms', unit: 'auto', stopSeconds: 60, startSeconds: 60 },
      ],
    },
    holdTtlMs,
    budgetMs: holdTtlMs,
    drainMs: 2_000,
    backup: { repository: 'nas', allowed: ['backup', 'restore'] },
    longTransactionSeconds: 30,
    disks: {},
    databasePassword,
  }
}
