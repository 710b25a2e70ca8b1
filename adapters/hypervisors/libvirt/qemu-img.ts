import { spawn } from 'node:child_process'
import { StillshotError } from '../../../src/errors.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { libvirtError } from './libvirt-errors.ts'

const LIMIT_MS = 300_000

/** Runs qemu-img on this machine to its end; rejects with its own words. An abort ends the process. */
export function qemuImg(words: readonly string[], doing: string, options: CallOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('qemu-img', [...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
    })
    let output = ''
    let complaint = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text
    })
    const end = () => child.kill('SIGKILL')
    const timer = setTimeout(end, options.timeoutMs ?? LIMIT_MS)
    options.signal?.addEventListener('abort', end)
    const tidy = () => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', end)
    }
    child.on('error', (error) => {
      tidy()
      reject(new StillshotError('hypervisor-refused', `${doing}: ${error.message}`, { cause: error }))
    })
    child.on('close', (status) => {
      tidy()
      if (status === 0) resolve(output)
      else if (options.signal?.aborted) reject(new StillshotError('cancelled', `${doing}: cancelled`))
      else reject(libvirtError(doing, complaint.trim().replaceAll('\n', ' ') || 'qemu-img was ended', false))
    })
    if (options.signal?.aborted) end()
  })
}
