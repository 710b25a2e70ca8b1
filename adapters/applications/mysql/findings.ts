import type { Finding } from '../../../src/finding.ts'

export const refuse = (code: string, message: string, hint: string): Finding => ({
  severity: 'refuse',
  code,
  message,
  hint,
})
export const warn = (code: string, message: string, hint: string): Finding => ({
  severity: 'warn',
  code,
  message,
  hint,
})
export const ok = (code: string, message: string): Finding => ({ severity: 'ok', code, message, hint: '' })
