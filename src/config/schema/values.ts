/** Kinds of values that several sections share. `examples` and `default` feed the annotated example and the reference. */

export const DURATION_PATTERN = '^(0|[1-9][0-9]{0,8})(ms|s|m|h|d)$'
export const SIZE_PATTERN = '^(0|[1-9][0-9]{0,12})(B|KiB|MiB|GiB|TiB)$'
export const SECRET_PATTERN = '^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|exec:.+)$'
/** Names under `vms:`, `profiles:` and so on; they become file names and words of the helper's protocol. */
export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'

export const duration = { type: 'string', pattern: DURATION_PATTERN } as const
export const secret = { type: 'string', pattern: SECRET_PATTERN } as const
export const text = { type: 'string', minLength: 1, pattern: '^[^\\u0000-\\u001f]+$' } as const
export const names = { pattern: NAME_PATTERN } as const
export const count = { type: 'integer', minimum: 0, maximum: 100000 } as const
