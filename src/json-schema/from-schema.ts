/** The TypeScript type of a JSON Schema that is written `as const`; types only, nothing at run time. */
export type { FromSchema } from 'json-schema-to-ts'
