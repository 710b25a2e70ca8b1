import type { Config } from '../src/config/schema.ts'

/** The configuration of config/stillshot.example.yaml; keys that it leaves out stand there as comments. */
export const EXAMPLE: Config = {
  hypervisors: {
    kvm: { kind: 'libvirt', uri: 'qemu:///system' },
    pve: {
      kind: 'proxmox',
      url: 'https://pve1.example:8006',
      ca: '/etc/stillshot/pve-ca.pem',
      token: 'file:/etc/stillshot/pve.token',
    },
    vc: {
      kind: 'vsphere',
      url: 'https://vcenter.example/sdk',
      username: 'stillshot@vsphere.local',
      password: 'env:VC_PASSWORD',
    },
  },
  ssh: { user: 'stillshot', key: '/etc/stillshot/id_ed25519', knownHosts: '/etc/stillshot/known_hosts' },
  vms: {
    db1: {
      hypervisor: 'kvm',
      id: 'db1',
      ssh: { host: '10.0.0.5', port: 22 },
      profile: 'idoit',
      mode: 'stop',
      hold: { ttl: '120s', budget: '30s' },
    },
  },
  profiles: {
    shop: {
      components: [
        { unit: 'cron.service', stopLimit: '30s', startLimit: '30s' },
        { unit: 'nginx.service' },
        { dbms: 'auto', stopLimit: '5m', startLimit: '2m' },
      ],
      settingsPutBack: false,
    },
  },
  policies: {
    nightly: {
      select: { vms: ['db1'] },
      schedule: '30 2 * * *',
      timezone: 'Europe/Paris',
      keep: { last: 3, daily: 7, weekly: 4 },
    },
  },
  drills: { atOnce: 2, hours: '22:00-05:00', timezone: 'Europe/Paris' },
  runbooks: { directory: '/mnt/wiki/runbooks' },
  repositories: {
    nas: { kind: 'directory', path: '/srv/backup' },
    vault: { kind: 'restic', repository: 'sftp:nas.example:/backup', password: 'file:restic.password' },
  },
  state: { directory: '/var/lib/stillshot' },
}
