import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'

export type { ErrorObject, ValidateFunction } from 'ajv'

/**
 * A check for values of the schema; compiling takes milliseconds, checking microseconds. `allErrors` collects every error
 * instead of the first, with the values that they are about.
 */
export function compileSchema<T = unknown>(schema: object, { allErrors = false } = {}): ValidateFunction<T> {
  return new Ajv({ allErrors, verbose: allErrors, discriminator: true, strictTypes: false }).compile<T>(schema)
}

/** What a check found, in one line. */
export function errorsText(errors: readonly ErrorObject[] | null | undefined): string {
  return (errors ?? []).map(({ instancePath, message }) => `${instancePath || 'the document'} ${message}`).join(', ')
}
