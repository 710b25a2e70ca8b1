import type { DescriptionKey } from '../../../src/grade/description.ts'
import type { Host } from '../host.ts'
import { STATE } from '../world.ts'

/** The keys that the hosts sign descriptions with, as they lie on their disks. */
export function descriptionKeys(hosts: readonly Host[]): readonly DescriptionKey[] {
  return hosts.flatMap(({ files }) => {
    const hex = /^[0-9a-f]{64}$/m.exec(files.content(`${STATE}/description.key`))?.[0]
    return hex === undefined ? [] : [Buffer.from(hex, 'hex')]
  })
}
