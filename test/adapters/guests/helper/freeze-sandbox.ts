import type { FreezeAnswer, StatusAnswer, ThawAnswer } from '../../../../src/guest/protocol/answers.ts'
import { freezeSchema, thawSchema } from '../../../../src/guest/protocol/kept-schema.ts'
import { statusSchema } from '../../../../src/guest/protocol/small-schemas.ts'
import { HOLD, openSandbox, type Sandbox, type ShellName } from './sandbox.ts'

export const AGENT = 'qemu-guest-agent'
export const holdWords = ['hold', 'mysql', HOLD, '60000', '10000'] as const

/** A guest whose agents' freezes hold the profile `mysql`. */
export async function openGuest(shell: ShellName): Promise<Sandbox> {
  const guest = await openSandbox(shell)
  await guest.write('etc/freeze', 'stillshot-freeze 1\nprofile mysql\nttl 60000\nstart 10000\n')
  return guest
}

export const freeze = (guest: Sandbox, source = AGENT) => guest.answer<FreezeAnswer>(freezeSchema, 'freeze', source)
export const thaw = (guest: Sandbox, source = AGENT) => guest.answer<ThawAnswer>(thawSchema, 'thaw', source)

export async function stateOf(guest: Sandbox, hold: string): Promise<string | undefined> {
  const { holds } = await guest.answer<StatusAnswer>(statusSchema, 'status')
  return holds.find(({ id }) => id === hold)?.state
}
