import { ROOT } from '../access/accounts.ts'
import type { WorkContext } from '../acts/context.ts'
import { resetGuest, shutDownGuest, startGuest, stopGuest } from '../acts/power.ts'
import type { Guest } from '../guests/guest.ts'
import { parameterRefusal } from '../refusal.ts'
import { commonFigures, uptimeOf } from './guest-figures.ts'
import { forGuests, fork, type GuestMethod } from './guest-methods.ts'
import type { Call } from './method.ts'
import type { Properties } from './schema.ts'

const SKIPLOCK = { skiplock: { type: 'boolean', optional: true } } as const satisfies Properties
const TIMEOUT = { timeout: { type: 'integer', optional: true, minimum: 0 } } as const satisfies Properties

export const powerMethods = forGuests([
  { method: 'GET', path: '/status/current', privileges: ['VM.Audit'], code: current },
  act('start', { ...SKIPLOCK, ...TIMEOUT }, (context) => startGuest(context)),
  act('stop', { ...SKIPLOCK, ...TIMEOUT, keepActive: { type: 'boolean', optional: true } }, (context) =>
    stopGuest(context),
  ),
  act(
    'shutdown',
    {
      ...SKIPLOCK,
      ...TIMEOUT,
      forceStop: { type: 'boolean', optional: true },
      keepActive: { type: 'boolean', optional: true },
    },
    (context, { cluster, parameters }) => {
      const timeoutMs = parameters.timeout === undefined ? cluster.times.shutdownMs : Number(parameters.timeout) * 1000
      return shutDownGuest(context, timeoutMs, parameters.forceStop === '1')
    },
  ),
  { ...act('reset', SKIPLOCK, (context) => resetGuest(context)), only: 'qemu' },
])

function act(
  name: string,
  parameters: Properties,
  work: (context: WorkContext, call: Call) => Promise<void>,
): GuestMethod {
  return {
    method: 'POST',
    path: `/status/${name}`,
    parameters,
    privileges: ['VM.PowerMgmt'],
    code: (call, guest) => {
      // A token of root is not root either.
      if (call.parameters.skiplock !== undefined && call.who !== ROOT) {
        throw parameterRefusal({ skiplock: 'Only root may use this option.' })
      }
      return guest.ha ? askManager(call, guest, name) : fork(call, guest, name, (context) => work(context, call))
    },
  }
}

/** A guest of the high availability manager: the task ends when the request is written, not when it is done. */
function askManager({ cluster, node, who }: Call, guest: Guest, name: string): string {
  const act = name === 'start' ? 'start' : 'stop'
  const request = { node, type: `ha${act}`, id: String(guest.vmid), who }
  return cluster.tasks.fork(request, async (worker) => {
    worker.log(`Requesting HA ${act} for ${guest.kind.word} ${guest.vmid}`)
    const later = setTimeout(
      () => void (act === 'start' ? guest.machine.start() : guest.machine.stop()),
      cluster.times.haMs,
    )
    later.unref()
  }).upid
}

async function current({ cluster }: Call, guest: Guest): Promise<unknown> {
  const { machine, vmid, config } = guest
  const running = await machine.running()
  return {
    vmid,
    ...commonFigures(guest),
    status: running ? 'running' : 'stopped',
    ...(guest.kind.name === 'qemu'
      ? { qmpstatus: !running ? 'stopped' : (await machine.paused()) ? 'paused' : 'running' }
      : {}),
    uptime: running ? uptimeOf(cluster, guest) : 0,
    ...(running ? { pid: 40_000 + vmid } : {}),
    cpus: Number(config.cores ?? 1),
    mem: 0,
    disk: 0,
    ha: { managed: guest.ha ? 1 : 0 },
    ...(config.agent === undefined ? {} : { agent: 1 }),
  }
}
