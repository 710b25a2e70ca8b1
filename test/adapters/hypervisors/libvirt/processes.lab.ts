import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { qemuImg } from '../../../../adapters/hypervisors/libvirt/qemu-img.ts'
import { StillshotError } from '../../../../src/errors.ts'
import { rejectsWith } from '../../../conformance/hypervisor/under-test.ts'
import { waitFor } from '../../../labs/wait-for.ts'
import { type LibvirtUnderTest, openLibvirt } from './open-libvirt.ts'

const run = promisify(execFile)

describe('the processes that this adapter starts', () => {
  test('a signal for our process group does not reach them, and they end when we are killed', async () => {
    const under = await openLibvirt()
    try {
      await outlived(under)
    } finally {
      await under.close()
    }
  })

  test('qemu-img over its limit is answer-lost, and an abort rejects with its own reason', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stillshot-pipe-'))
    const pipe = join(folder, 'pipe')
    // Opening a pipe that nobody writes into never ends.
    await run('mkfifo', [pipe])
    const forEver = ['info', pipe]
    try {
      await rejectsWith('answer-lost', qemuImg(forEver, 'test', { timeoutMs: 100 }))
      const over = new StillshotError('answer-lost', 'libvirt was not done')
      const late = new AbortController()
      setTimeout(() => late.abort(over), 100)
      await assert.rejects(qemuImg(forEver, 'test', { signal: late.signal }), over)
      await rejectsWith('cancelled', qemuImg(forEver, 'test', { signal: AbortSignal.abort() }))
      await rejectsWith('hypervisor-refused', qemuImg(['info', '/nowhere'], 'test'))
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

async function outlived({ tiny }: LibvirtUnderTest): Promise<void> {
  const holder = spawn(process.execPath, ['--input-type=module', '-e', holding(tiny.uri, tiny.uuid)], { stdio: 'pipe' })
  try {
    for await (const _ of createInterface({ input: holder.stdout })) break
    const started = await waitFor(
      async () => {
        const found = await descendants(holder.pid ?? 0)
        return found.filter(({ command }) => command === 'virsh').length === 2 ? found : undefined
      },
      { what: 'both virsh', timeoutMs: 30_000 },
    )
    const ours = await groupOf(holder.pid ?? 0)
    assert.ok(started.every(({ group }) => group !== ours))
    holder.kill('SIGKILL')
    await waitFor(async () => ((await alive(started.map(({ pid }) => pid))) === 0 ? true : undefined), {
      what: 'the end of all of them',
      timeoutMs: 10_000,
    })
  } finally {
    holder.kill('SIGKILL')
  }
}

/** A program that holds one virsh for questions and one for events, and says so. */
function holding(uri: string, uuid: string): string {
  const adapter = new URL('../../../../adapters/hypervisors/libvirt/', import.meta.url)
  return `import { LibvirtHypervisor } from '${adapter}libvirt-hypervisor.ts'
    const hypervisor = new LibvirtHypervisor({ name: 'kvm', uri: ${JSON.stringify(uri)} })
    await hypervisor.check()
    const vm = { nativeId: '${uuid}', name: 'tiny' }
    hypervisor.watch(vm, new AbortController().signal).next().catch(() => {})
    console.log('holding')
    setInterval(() => {}, 1000)`
}

interface Process {
  readonly pid: number
  readonly group: number
  readonly command: string
}

async function processes(): Promise<readonly (Process & { readonly parent: number })[]> {
  const { stdout } = await run('ps', ['-e', '-o', 'pid=,ppid=,pgid=,stat=,comm='])
  return stdout.split('\n').flatMap((line) => {
    const [pid, parent, group, state = '', command = ''] = line.trim().split(/\s+/)
    const isThere = pid !== '' && !state.startsWith('Z')
    return isThere ? [{ pid: Number(pid), parent: Number(parent), group: Number(group), command }] : []
  })
}

async function descendants(root: number): Promise<readonly Process[]> {
  const all = await processes()
  const found = new Set([root])
  for (const parent of found) for (const { pid } of all.filter((one) => one.parent === parent)) found.add(pid)
  return all.filter(({ pid }) => pid !== root && found.has(pid))
}

async function groupOf(pid: number): Promise<number | undefined> {
  return (await processes()).find((one) => one.pid === pid)?.group
}

async function alive(pids: readonly number[]): Promise<number> {
  return (await processes()).filter(({ pid }) => pids.includes(pid)).length
}
