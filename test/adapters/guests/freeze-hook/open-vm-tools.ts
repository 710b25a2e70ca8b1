import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Runs scripts around a quiesced snapshot in the order and with the words of open-vm-tools (services/plugins/vmbackup):
 * those of backupScripts.d as strcmp sorts them, each as `sh -c '"PATH" freeze'`; after a
 * failure those before the failed one in reverse with `freezeFail`; at the end all in reverse with `thaw`. A script whose
 * time is over is ended, and counts as failed.
 */
export class OpenVmTools {
  readonly #folder: string
  #scripts: readonly string[] = []

  constructor(root: string) {
    this.#folder = join(root, 'etc/vmware-tools/backupScripts.d')
  }

  /** False when the snapshot is given up. */
  async freeze({ timeUp }: { timeUp?: Promise<unknown> } = {}): Promise<boolean> {
    const names = (await readdir(this.#folder)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    this.#scripts = names.map((name) => join(this.#folder, name))
    for (const [index, script] of this.#scripts.entries()) {
      if (await this.#run(script, 'freeze', timeUp)) continue
      for (const before of this.#scripts.slice(0, index).reverse()) await this.#run(before, 'freezeFail')
      return false
    }
    return true
  }

  /** When the hypervisor's part failed after all scripts had frozen. */
  async freezeFail(): Promise<void> {
    for (const script of this.#scripts.toReversed()) await this.#run(script, 'freezeFail')
  }

  async thaw(): Promise<void> {
    for (const script of this.#scripts.toReversed()) await this.#run(script, 'thaw')
  }

  async #run(script: string, word: string, timeUp: Promise<unknown> = new Promise(() => {})): Promise<boolean> {
    const child = spawn('/bin/sh', ['-c', `"${script}" ${word}`], { stdio: 'ignore' })
    const ended = once(child, 'exit').then(([status]) => status === 0)
    const late = timeUp.then(() => {
      child.kill('SIGTERM')
      return false
    })
    return Promise.race([ended, late.then(() => ended)])
  }
}
