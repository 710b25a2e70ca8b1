import { terminate } from '../actor.ts'
import type { SimulatedProcess } from '../process.ts'
import type { Trouble } from '../trouble.ts'
import type { World } from '../world.ts'

function somebody({ chance, hosts }: World): SimulatedProcess | undefined {
  const processes = hosts.flatMap((host) => host.processes)
  return processes.length === 0 ? undefined : chance.pick(processes)
}

/** kill -9, at one of its next calls of a port. */
const killed: Trouble = {
  name: 'process killed',
  strike(world) {
    const { chance } = world
    const process = somebody(world)
    process?.dieAt({ call: chance.between(1, 6), when: chance.pick(['before', 'after']) })
    return process !== undefined
  },
}

/** kill -9 between two calls. */
const killedNow: Trouble = {
  name: 'process killed at once',
  strike(world) {
    const process = somebody(world)
    process?.kill()
    return process !== undefined
  },
}

const terminated: Trouble = {
  name: 'process terminated',
  strike(world) {
    const process = somebody(world)
    if (process !== undefined) terminate(process)
    return process !== undefined
  },
}

const powerCut: Trouble = {
  name: 'power of a host cut',
  strike({ chance, hosts }) {
    chance.pick(hosts).powerCut(chance)
    return true
  },
}

export const processTroubles: readonly Trouble[] = [killed, killed, killedNow, terminated, powerCut]
