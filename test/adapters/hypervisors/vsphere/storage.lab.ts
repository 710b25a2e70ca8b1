// runs beside other labs
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withVsphere } from './open-vsphere.ts'

test('a datastore on a share is told with its server, one on disks of a host is unknown with its type', () =>
  withVsphere({}, async ({ simulator, hypervisor, vm }) => {
    const name = 'LocalDS_0'
    const why = `datastore ${name} is of type Local, which does not tell which machine keeps it`
    assert.deepEqual(await hypervisor.storage(vm), [{ kind: 'unknown', name, why }])
    await simulator.set({ nas: { host: '127.0.0.9', path: '/export/vms', type: 'NFS' } })
    const share = { kind: 'share', server: '127.0.0.9', share: '/export/vms', protocol: 'nfs' }
    const shown = `datastore ${name} (127.0.0.9:/export/vms)`
    assert.deepEqual(await hypervisor.storage(vm), [{ ...share, name: shown, addresses: ['127.0.0.9'] }])
    const hosts = ['127.0.0.9', '127.0.0.10']
    await simulator.set({ nas: { host: '127.0.0.9', path: '/export/vms', type: 'NFS41', hosts } })
    assert.deepEqual(await hypervisor.storage(vm), [{ ...share, name: shown, addresses: hosts }])
  }))
