import { readFile } from 'node:fs/promises'
import { openContainerSubject } from '../labs/container/container-subject.ts'
import { ask, dataOf } from '../labs/proxmox/ask.ts'
import type { PointsDocument } from '../promises/subject.ts'
import type { RestoreGround } from './restore.ts'

/** A native guest behind the stand-in of Proxmox VE; by hand are the two requests of its API that a person would make. */
export async function onProxmox(): Promise<RestoreGround> {
  const { guest, pve, cli, close } = await openContainerSubject('bench-restore')
  await cli.installHelper(guest)
  const { points } = await cli.json<PointsDocument>('snapshot', cli.vm)
  const [point] = points
  if (point === undefined) throw new Error('there is no point')
  const headers = { Authorization: `PVEAPIToken=${(await readFile(pve.tokenPath, 'utf8')).trim()}` }
  const task = async (method: string, path: string) => {
    const call = `${method} /nodes/pve1/qemu/${pve.vmid}/${path}`
    const upid = dataOf<string>(await ask(pve.standIn, call, { headers, ...(method === 'POST' ? { form: {} } : {}) }))
    await pve.standIn.tasks().find((one) => one.upid === upid)?.ended
  }
  return {
    guest,
    cli,
    point,
    async byHand() {
      await task('POST', `snapshot/${point.snapshot}/rollback`)
      await task('POST', 'status/start')
    },
    forget: ({ snapshot }) => task('DELETE', `snapshot/${snapshot}`),
    close,
  }
}
