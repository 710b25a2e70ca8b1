// runs natively
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ContainerSubject, openContainerSubject } from '../container/container-subject.ts'
import { looksWhileDown } from '../looks-while-down.ts'

/** stillshot on a container of Proxmox VE: a native guest that looks like one, behind the stand-in. */

const GIB = 1024 ** 3
// The guest's volumes are images that no storage names, so that their places are mapped, as on Ceph.
const MAPPED = '    disks: { /: rootfs, /srv/data: mp0 }'

let subject: ContainerSubject

before(async () => {
  const storages = [{ name: 'local', type: 'lvmthin', totalBytes: 100 * GIB, usedBytes: 20 * GIB }] as const
  subject = await openContainerSubject('lxc', { looks: 'container', vmMore: MAPPED, standIn: { storages } })
})

after(() => subject?.close())

interface Taken {
  readonly points: readonly {
    readonly id: string
    readonly grade: string
    readonly reasons: readonly unknown[]
    readonly evidence: { readonly proofs: readonly { claim: string; verdict: string; message: string }[] }
  }[]
}

let point: Taken['points'][number] | undefined

test('a snapshot of a container is db-stopped, by its network card and its volumes', async () => {
  const { cli, guest } = subject
  await guest.run('install -d -o mysql -g mysql /srv/data/far')
  await guest.sql(`CREATE DATABASE kept; CREATE TABLE kept.t (a INT); INSERT INTO kept.t VALUES (1);
    CREATE TABLE kept.far (a INT) DATA DIRECTORY = '/srv/data/far'`)
  let running = true
  const taking = cli.json<Taken>('snapshot', guest.name).finally(() => {
    running = false
  })
  const underWay = () =>
    running && subject.pve.standIn.tasks('vzsnapshot').some(({ exitStatus }) => exitStatus === undefined)
  const looked = looksWhileDown(guest, underWay)
  const taken = await taking
  await looked
  point = taken.points[0]
  assert.deepEqual([point?.grade, point?.reasons], ['db-stopped', []])
  const said = (claim: string) => point?.evidence.proofs.find((proof) => proof.claim === claim)?.message ?? ''
  assert.match(said('same-machine'), /^network address \S+ \(a container\) on both sides$/)
  assert.match(said('covered'), /\/srv\/data is mp0 by mapping/)
  assert.match(said('one-boot'), /^boot \S+\.\d+ at hold and fence$/)
  assert.equal(await guest.sql('SELECT a FROM kept.t'), '1')
})

test('a restore brings the container back as it was', async () => {
  const { cli, guest } = subject
  await guest.sql('INSERT INTO kept.t VALUES (2)')
  const { status, stdout, stderr } = await cli.run('restore', guest.name, '--point', point?.id ?? '', '--yes')
  assert.equal(status, 0, stdout + stderr)
  await guest.ready()
  assert.equal(await guest.sql('SELECT a FROM kept.t'), '1')
})

test('a container that was started again between hold and release is another boot', async () => {
  const { guest } = subject
  const before = await guest.run('/usr/local/sbin/stillshot-guest version')
  await guest.reset()
  await guest.ready()
  const after = await guest.run('/usr/local/sbin/stillshot-guest version')
  const [one, other] = [before, after].map((text) => JSON.parse(text) as { bootId: string; uuid: string })
  assert.notEqual(one?.bootId, other?.bootId)
  assert.equal(one?.uuid, other?.uuid)
})

test('a drill of a container is refused by name', async () => {
  const { cli, guest } = subject
  const { status, stdout, stderr } = await cli.run('drill', guest.name)
  assert.notEqual(status, 0)
  assert.match(stdout + stderr, /is a container/)
})
