import type { Finding } from '../finding.ts'
import type { InventoryAnswer } from '../guest/protocol/answers.ts'

/**
 * Tenants that i-doit lists, and whether the server has the database of each: a dump of all databases has what the server has,
 * and a tenant without a database would be missed only when it is restored. Pure.
 */
export function tenantFindings({ tenants = [], databases }: InventoryAnswer): readonly Finding[] {
  if (tenants.length === 0) return []
  const lost = tenants.filter(({ database }) => !databases.some(({ name }) => name === database))
  const named = tenants.map(({ title, database }) => `${title} (${database})`)
  const shown = named.length > 10 ? `${named.slice(0, 10).join(', ')} and ${named.length - 10} more` : named.join(', ')
  const word = tenants.length === 1 ? 'tenant' : 'tenants'
  const found: Finding = {
    severity: 'ok',
    code: 'tenants-found',
    message: `${tenants.length} ${word}: ${shown}`,
    hint: '',
  }
  return [found, ...lost.map(tenantLost)]
}

function tenantLost({ listedIn, title, database }: NonNullable<InventoryAnswer['tenants']>[number]): Finding {
  const message = `${listedIn} lists the tenant ${title}, and the server has no database ${database}`
  const hint = 'restore that database, or take the tenant out of the list: no backup can hold what is not there'
  return { severity: 'warn', code: 'tenant-lost', message, hint }
}
