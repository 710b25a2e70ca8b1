import { MemoryCatalog } from '../../adapters/catalogs/memory/memory-catalog.ts'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { StillshotError } from '../../src/errors.ts'
import type { Host } from './host.ts'

/** The catalog as a process of this host has it: it fails while the host's trouble lasts. */
export function catalogOf(host: Host): Catalog {
  return new Proxy(new MemoryCatalog(host.catalog), {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      return async (...args: unknown[]) => {
        if (host.catalogFails && property !== 'close') {
          throw new StillshotError('state-unwritable', 'the catalog cannot be used')
        }
        return value.apply(target, args)
      }
    },
  })
}
