import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'

export type { ErrorObject, ValidateFunction } from 'ajv'

/** Half of the time to compile: our schemas are checked against their meta-schema by test, and run a few times only. */
const WITHOUT_DELAY = { meta: false, validateSchema: false, code: { optimize: false } } as const

/**
 * A check for values of the schema; compiling takes milliseconds, checking microseconds. `allErrors` collects every error
 * instead of the first, with the values that they are about.
 */
export function compileSchema<T = unknown>(schema: object, { allErrors = false } = {}): ValidateFunction<T> {
  const rules = { allErrors, verbose: allErrors, discriminator: true, strictTypes: false }
  return new Ajv({ ...rules, ...WITHOUT_DELAY }).compile<T>(schema)
}

/** What a check found, in one line. */
export function errorsText(errors: readonly ErrorObject[] | null | undefined): string {
  return (errors ?? []).map(({ instancePath, message }) => `${instancePath || 'the document'} ${message}`).join(', ')
}
