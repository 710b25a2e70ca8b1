import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { InGuest } from '../../../labs/vsphere/in-guest.ts'

/** This machine as the guest: what VMware Tools are to run runs here, and as whoever runs the tests. */
export const localGuest: InGuest = async (script, words, { stdin } = {}) => {
  const child = spawn('/bin/sh', ['-c', script, 'sh', ...words], { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.on('error', () => {})
  child.stdin.end(stdin ?? '')
  const out = child.stdout.toArray()
  const [status] = await once(child, 'close')
  return { status: status ?? -1, stdout: Buffer.concat(await out) }
}
