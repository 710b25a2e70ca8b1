import assert from 'node:assert/strict'
import { ERRORS, type ErrorCode, StillshotError } from '../../src/errors.ts'

/** Longer than any message that a person reads. */
const LONGEST_MESSAGE = 2_000

/** The error is one of the table with a message and a way out, and no defect of ours. */
export function assertFromTable(error: unknown, ...codes: readonly ErrorCode[]): asserts error is StillshotError {
  assert.ok(error instanceof StillshotError, `not of ours: ${String(error)}`)
  assert.ok(Object.hasOwn(ERRORS, error.code), `not in the table: ${String(error.code)}`)
  assert.notEqual(error.code, 'defect', error.stack)
  assert.ok(codes.length === 0 || codes.includes(error.code), `${error.code}: ${error.message}`)
  assert.ok(error.message.length > 5 && error.hint.length > 5, `${error.code}: '${error.message}', '${error.hint}'`)
}

/** Whatever somebody else said is quoted, not repeated at full length. */
export function assertShort({ message }: StillshotError): void {
  assert.ok(message.length <= LONGEST_MESSAGE, `${message.length} characters long`)
}
