import { agentRequest } from '../acts/agent.ts'
import { die } from '../refusal.ts'
import { forGuests } from './guest-methods.ts'
import { given } from './method.ts'

/** Programs by the agent. The daemon puts its base64 around characters as if each were an octet, and takes it off so. */
export const execMethods = forGuests([
  {
    method: 'POST',
    path: '/agent/exec',
    parameters: {
      command: { type: 'array' },
      'input-data': { type: 'string', optional: true, maxLength: 65_536 },
    },
    privileges: ({ release }) => [
      release.agentPrivileges === 'VM.Monitor' ? 'VM.Monitor' : 'VM.GuestAgent.Unrestricted',
    ],
    only: 'qemu',
    code: async ({ cluster, parameters }, guest) => {
      const [path, ...arg] = JSON.parse(given(parameters, 'command')) as readonly string[]
      const input = parameters['input-data']
      if ([...(input ?? '')].some((character) => character > '\u00ff')) die('Wide character in subroutine entry')
      const encoded = input === undefined ? {} : { 'input-data': Buffer.from(input, 'latin1').toString('base64') }
      const started = await agentRequest(cluster, guest, 'exec', { path, arg, ...encoded, 'capture-output': true })
      return { pid: started.pid }
    },
  },
  {
    method: 'GET',
    path: '/agent/exec-status',
    parameters: { pid: { type: 'integer' } },
    privileges: ({ release }) => [
      release.agentPrivileges === 'VM.Monitor' ? 'VM.Monitor' : 'VM.GuestAgent.Unrestricted',
    ],
    only: 'qemu',
    code: async ({ cluster, parameters }, guest) => {
      const status = await agentRequest(cluster, guest, 'exec-status', { pid: Number(given(parameters, 'pid')) })
      return Object.fromEntries(Object.entries(status).map(([name, value]) => [name, shown(name, value)]))
    },
  },
])

function shown(name: string, value: unknown): unknown {
  if (name === 'out-data' || name === 'err-data') return Buffer.from(String(value), 'base64').toString('latin1')
  return typeof value === 'boolean' ? Number(value) : value
}
