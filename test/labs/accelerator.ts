import { access, constants, readFile } from 'node:fs/promises'
import { tryCommand } from './command.ts'

export type Accelerator = 'kvm' | 'tcg'

/**
 * `kvm` where it really runs guests, `tcg` (emulation) otherwise. A /dev/kvm that opens is not enough: some virtual
 * machines offer one without the processor's own virtualization, and an ordinary kernel then hangs at its start. So
 * the processor must have vmx or svm, and QEMU must be able to make a machine with it.
 * `STILLSHOT_LAB_ACCELERATOR=tcg` forces emulation.
 */
export async function findAccelerator(): Promise<Accelerator> {
  if (process.env.STILLSHOT_LAB_ACCELERATOR === 'tcg') return 'tcg'
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK)
  } catch {
    return 'tcg'
  }
  if (!/^flags\s*:.*\b(vmx|svm)\b/m.test(await readFile('/proc/cpuinfo', 'utf8'))) return 'tcg'
  const machine = ['-machine', 'pc,accel=kvm', '-cpu', 'host', '-nodefaults', '-display', 'none', '-S']
  const probe = await tryCommand('qemu-system-x86_64', [...machine, '-monitor', 'stdio'], {
    input: 'quit\n',
    timeoutMs: 15_000,
  })
  return probe.status === 0 ? 'kvm' : 'tcg'
}
