import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureLibvirt } from '../../labs/libvirt.ts'
import { labPaths } from '../../labs/paths.ts'
import { waitFor } from '../../labs/wait-for.ts'
import type { Fault } from '../fault.ts'

const AT = ['preflight', 'hold', 'snapshot', 'release', 'grade']
const elsewhere =
  'snapshot/drain, stop: no call to the hypervisor before the next boundary; come-back: as release, the next call is the same; after: no call any more'

export const daemonKilled: Fault = {
  name: 'daemon-killed',
  about: 'libvirtd is killed with SIGKILL and started again 3 s later, as an init would',
  at: {
    snapshot: AT,
    restore: ['safety-snapshot', 'roll-back', 'boot'],
    'undo-restore': ['roll-back'],
    recover: ['database'],
    prune: ['remove'],
    drill: ['boot'],
  },
  elsewhere: `${elsewhere}; drill/clone, remove: as boot, the next call finds it gone`,
  ground: 'libvirt',
  alone: true,
  inject: () => signal('SIGKILL'),
  lift: async () => void (await ensureLibvirt(labPaths())),
  liftAfterMs: 3_000,
}

export const daemonFrozen: Fault = {
  name: 'daemon-frozen',
  about: 'libvirtd is frozen (SIGSTOP) for 30 s, until the watchdog has fired',
  at: { snapshot: AT, restore: ['roll-back'], recover: ['database'] },
  elsewhere: `${elsewhere}; restore/safety-snapshot, boot: the call waits, as at roll-back`,
  ground: 'libvirt',
  alone: true,
  inject: () => signal('SIGSTOP'),
  lift: () => signal('SIGCONT'),
  liftAfterMs: 30_000,
}

/** The process that the lab started. */
async function daemon(): Promise<number> {
  return waitFor(
    async () => {
      const pid = Number(await readFile(join(labPaths().libvirt, 'libvirtd.pid'), 'utf8').catch(() => ''))
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
      return pid > 1 && name.trim() === 'libvirtd' ? pid : undefined
    },
    { what: 'the process of libvirtd', timeoutMs: 10_000 },
  )
}

async function signal(name: NodeJS.Signals): Promise<void> {
  process.kill(await daemon(), name)
}
