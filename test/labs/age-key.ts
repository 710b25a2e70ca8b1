import { programText } from '../../adapters/programs/stream-program.ts'

export interface AgeKey {
  readonly recipient: string
  readonly identity: string
}

/** A new pair of keys of age. */
export async function ageKey(): Promise<AgeKey> {
  const environment = { PATH: process.env.PATH ?? '/usr/bin' }
  const identity = await programText({ name: 'age-keygen', words: [], environment })
  const recipient = /^# public key: (age1\S+)$/m.exec(identity)?.[1]
  if (recipient === undefined) throw new Error('age-keygen named no public key')
  return { recipient, identity }
}
