import type { Fault } from '../fault.ts'
import type { Scene } from '../scene.ts'

const BROKEN = '/etc/mysql/mariadb.conf.d/99-broken.cnf'

export const mysqlWillNotStop: Fault = {
  name: 'mysql-will-not-stop',
  about: 'mariadbd is frozen (SIGSTOP) for 30 s',
  at: { snapshot: ['preflight', 'hold', 'come-back'] },
  elsewhere:
    'drain: as hold; stop, snapshot, release: the server stops or is stopped; grade, after: nobody asks it any more',
  hinders: true,
  inject: ({ guest }) => run(guest, 'pkill -STOP -x mariadbd'),
  lift: ({ guest }) => run(guest, 'pkill -CONT -x mariadbd || :'),
  liftAfterMs: 30_000,
}

export const mysqlWillNotStart: Fault = {
  name: 'mysql-will-not-start',
  about: 'the server’s configuration is broken while it runs, until the command has ended',
  at: { snapshot: ['hold', 'release'], hold: ['held'], release: ['release'], restore: [] },
  elsewhere:
    'preflight, drain, stop, snapshot: as hold, nobody reads it before the start; from come-back on there is no start; restore: the disks are the snapshot’s',
  hinders: true,
  inject: ({ guest }) => run(guest, `printf '[mariadbd]\\nno-such-option=1\\n' > ${BROKEN}`),
  lift: ({ guest }) => run(guest, `rm -f ${BROKEN}`),
}

export const mysqlStartedByUnit: Fault = {
  name: 'mysql-started',
  about: 'somebody types `systemctl start mariadb`',
  at: { snapshot: ['hold', 'stop', 'snapshot', 'release', 'come-back'], hold: ['held'] },
  elsewhere: 'preflight, drain, grade, after: the server runs',
  inject: ({ guest }) => run(guest, 'systemctl start mariadb || :'),
}

export const mysqlStartedByForce: Fault = {
  name: 'mysql-forced',
  about: 'somebody takes the block away and starts the server',
  at: { snapshot: ['stop', 'snapshot', 'release'], hold: ['held'] },
  elsewhere: 'hold: there is no block yet; preflight, drain, come-back, grade, after: the server runs',
  inject: ({ guest }) =>
    run(
      guest,
      'rm -rf /run/systemd/system/mariadb.service.d; systemctl unmask --runtime mariadb.service; systemctl daemon-reload; systemctl start mariadb',
    ),
}

export const clientKilled: Fault = {
  name: 'client-killed',
  about: 'the program in the guest that dumps or loads is killed with SIGKILL',
  at: { backup: ['dump'], 'restore-backup': ['load'] },
  elsewhere: 'there is such a program at these boundaries only; restore-backup/safety-dump: as backup/dump',
  inject: ({ guest }) => run(guest, "pkill -KILL -x mariadb-dump || pkill -KILL -f -- '[-]-binary-mode'"),
}

export const serverKilled: Fault = {
  name: 'server-killed',
  about: 'mariadbd is killed with SIGKILL; its unit starts it again',
  at: { backup: ['dump'], 'restore-backup': ['load', 'release'] },
  elsewhere: 'snapshot, restore, hold, release: the server is to stop, see guest-reset; the others: nobody asks it',
  inject: ({ guest }) => run(guest, 'pkill -KILL -x mariadbd'),
}

export const tableLocked: Fault = {
  name: 'table-locked',
  about: 'somebody keeps a table to himself for 30 s more',
  at: { backup: ['dump'], 'restore-backup': ['load'] },
  elsewhere: 'a dump and a load alone wait for tables',
  keepsBack: true,
  lift: async () => {},
  liftAfterMs: 30_000,
}

async function run(guest: Scene['guest'], command: string): Promise<void> {
  await guest.run(command, { timeoutMs: 120_000 })
}
