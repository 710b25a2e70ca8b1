import type { Log } from '../src/log/log.ts'

/** For tests that are not about logging. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
