import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareStorage, type Storage } from '../../src/system/storage.ts'

function share(server: string, path: string | undefined, addresses: readonly string[], protocol = 'nfs'): Storage {
  const named = { kind: 'share', name: `${server}:${path}`, protocol, server, addresses } as const
  return path === undefined ? named : { ...named, share: path }
}

function disks(addresses: readonly string[], ids?: readonly string[], whole = true): Storage {
  const named = { kind: 'disks', name: `disks of ${addresses}`, addresses } as const
  return ids === undefined ? named : { ...named, devices: { ids, whole } }
}

const UNKNOWN: Storage = { kind: 'unknown', name: 'san1', why: 'san1 does not tell' }
const NAS = share('nas', '/backup', ['10.0.0.9'])

const CASES: readonly [string, Storage, readonly Storage[], string][] = [
  ['one share by two names of its server', NAS, [share('10.0.0.9', '/backup/', ['10.0.0.9'])], 'same'],
  ['one name, in whichever case', share('NAS', '/backup', []), [share('nas', '/backup', [])], 'same'],
  ['another share of that server', NAS, [share('nas', '/vms', ['10.0.0.9'])], 'unknown'],
  ['a folder of that share, which may be a file system of its own', NAS, [share('nas', '/backup/vms', [])], 'unknown'],
  ['that share by another protocol', NAS, [share('nas', '/backup', ['10.0.0.9'], 'smb')], 'unknown'],
  ['a server of which no share is told', share('nas', undefined, ['10.0.0.9'], 'sftp'), [NAS], 'unknown'],
  ['a folder of one share of SMB', share('nas', 'Vms/a', [], 'smb'), [share('nas', 'vms', [], 'smb')], 'same'],
  ['another server', NAS, [share('san', '/backup', ['10.0.0.8'])], 'other'],
  ['a server whose address nobody knows', NAS, [share('san', '/backup', [])], 'unknown'],
  ['disks of another machine', NAS, [disks(['10.0.0.2'])], 'other'],
  ['disks of the machine that serves the share', NAS, [disks(['10.0.0.2', '10.0.0.9'])], 'unknown'],
  ['disks of a machine without a known address', NAS, [disks([])], 'unknown'],
  ['one of two disks', NAS, [share('san', '/vms', ['10.0.0.8']), NAS], 'same'],
  ['one of two disks that nobody knows', NAS, [share('san', '/vms', ['10.0.0.8']), UNKNOWN], 'unknown'],
  ['no disk', NAS, [], 'unknown'],
  ['a repository that nobody knows', UNKNOWN, [NAS], 'unknown'],
  ['one disk of this machine', disks(['10.0.0.1'], ['disk 8:0']), [disks(['10.0.0.1'], ['fs 1', 'disk 8:0'])], 'same'],
  ['two disks of this machine', disks(['10.0.0.1'], ['disk 8:0']), [disks(['10.0.0.1'], ['disk 8:16'])], 'other'],
  ['disks that cannot be told', disks([], ['fs 1'], false), [disks([], ['disk 8:16'])], 'unknown'],
  ['a disk here, and one of another machine', disks(['10.0.0.1'], ['disk 8:0']), [disks(['10.0.0.2'])], 'unknown'],
  ['a disk here, which may be an image on the share', disks(['10.0.0.1'], ['disk 8:0']), [NAS], 'unknown'],
]

for (const [sentence, repository, of, verdict] of CASES) {
  test(`a repository and ${sentence}: ${verdict}`, () => {
    const compared = compareStorage(repository, of)
    assert.equal(compared.verdict, verdict, compared.reason)
    assert.notEqual(compared.reason, '')
  })
}
