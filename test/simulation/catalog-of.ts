import { MemoryCatalog } from '../../adapters/catalogs/memory/memory-catalog.ts'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { StillshotError } from '../../src/errors.ts'
import type { Host } from './host.ts'
import { wrapPort } from './wrap-port.ts'

/** The catalog as a process of this host has it: it fails while the host's trouble lasts. */
export function catalogOf(host: Host): Catalog {
  return wrapPort(new MemoryCatalog(host.catalog), async (work) => {
    if (host.catalogFails) throw new StillshotError('state-unwritable', 'the catalog cannot be used')
    return work()
  })
}
