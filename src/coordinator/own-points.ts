import type { RestorePoint } from '../catalog/catalog.ts'

/** A restore point whose snapshot stillshot made, and may remove. */
export type OwnPoint = RestorePoint & { readonly kind: 'snapshot' | 'safety' }

/** False for somebody else's snapshot, whatever it is worth: whoever made it keeps and removes it. */
export function isOwn(point: RestorePoint): point is OwnPoint {
  return point.kind === 'snapshot' || point.kind === 'safety'
}
