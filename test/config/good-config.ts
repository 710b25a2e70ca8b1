import { FakeHost } from '../../adapters/system/fake/fake-host.ts'

export const CONFIG_PATH = '/home/admin/stillshot.yaml'

/** A small configuration that is valid; tests change one thing in it. */
export const GOOD_CONFIG = `hypervisors:
  kvm: { kind: libvirt }
  pve: { kind: proxmox, url: "https://pve.example:8006", token: "file:pve.token" }
ssh: { key: id_ed25519 }
vms:
  db1:
    hypervisor: kvm
    id: db1
    ssh: { host: 10.0.0.5 }
    hold: { ttl: 2m, budget: 30s }
  db2:
    hypervisor: pve
    id: "100"
    ssh: { host: 10.0.0.6, user: backup }
    profile: shop
    database: { user: app, password: "env:DB2" }
profiles:
  shop:
    components: [{ unit: nginx.service }, { dbms: auto, stopLimit: 5m }]
policies:
  nightly: { select: { vms: [db1] }, schedule: "30 2 * * *", keep: { last: 3 } }
state: { directory: state }
`

/** A machine with this text as its configuration. */
export function hostWith(text: string): FakeHost {
  return new FakeHost({ files: { [CONFIG_PATH]: { text } } })
}
