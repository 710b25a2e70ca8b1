import type { FakeHypervisor } from '../../adapters/hypervisors/fake/fake-hypervisor.ts'
import { StillshotError } from '../../src/errors.ts'
import type { CloneRequest, Clones, KeptCopy } from '../../src/hypervisor/clones.ts'
import { idOfSnapshotName } from '../../src/hypervisor/snapshot-name.ts'
import type { Vm } from '../../src/hypervisor/vm.ts'
import type { CallOptions } from '../../src/system/clock.ts'
import { refused } from './hypervisor-errors.ts'
import type { Change, ChangeTrouble } from './hypervisor-troubles.ts'

/** What the hypervisor gives to the part of it that makes copies. */
export interface CloneMeans {
  readonly books: () => FakeHypervisor
  ask<T>(options: CallOptions | undefined, look: () => Promise<T>): Promise<T>
  change<T>(
    asked: { change: Change; vm: Pick<Vm, 'nativeId'>; name: string; run?: string | undefined },
    options: CallOptions | undefined,
    work: (trouble: ChangeTrouble | undefined) => Promise<T>,
  ): Promise<T>
  /** Half a task's time. */
  halfOf(trouble: ChangeTrouble | undefined): Promise<void>
}

/** Copies as tasks: one that dies in the middle leaves half of one, and answers get lost on either side of the act. */
export class SimulatedClones implements Clones {
  readonly #means: CloneMeans

  constructor(means: CloneMeans) {
    this.#means = means
  }

  get #inner(): Clones {
    return this.#means.books().clones
  }

  check(vm: Vm, request: CloneRequest, options?: CallOptions) {
    return this.#means.ask(options, () => this.#inner.check(vm, request))
  }

  create(vm: Vm, request: CloneRequest, options?: CallOptions): Promise<void> {
    const { name } = request
    const asked = { change: 'clone', vm, name, run: idOfSnapshotName(name) } as const
    return this.#means.change(asked, options, async (trouble) => {
      await this.#inner.create(vm, request)
      const made = this.#means
        .books()
        .copyStates(vm.nativeId)
        .find(({ copyOf }) => copyOf?.id === name)?.copyOf
      if (made === undefined) throw refused('clone', 'it is not there')
      made.whole = false
      await this.#means.halfOf(trouble)
      if (trouble?.kind === 'half') throw refused('clone', 'the task died')
      made.whole = true
    })
  }

  find(vm: Vm, name: string, options?: CallOptions) {
    return this.#means.ask(options, () => this.#inner.find(vm, name))
  }

  remove(vm: Vm, name: string, options?: CallOptions): Promise<void> {
    return this.#means.change({ change: 'remove-clone', vm, name }, options, async (trouble) => {
      await this.#means.halfOf(trouble)
      if (trouble?.kind === 'half') throw refused('remove-clone', 'the task died')
      await this.#inner.remove(vm, name)
    })
  }

  keep(vm: Vm, name: string, as: string, options?: CallOptions): Promise<void> {
    const asked = { change: 'keep-clone', vm, name, run: idOfSnapshotName(name) } as const
    return this.#means.change(asked, options, async (trouble) => {
      await this.#means.halfOf(trouble)
      if (trouble?.kind === 'half') throw refused('keep-clone', 'the task died')
      await this.#inner.keep(vm, name, as)
    })
  }

  listKept(options?: CallOptions) {
    return this.#means.ask(options, () => this.#inner.listKept())
  }

  async removeKept(copy: KeptCopy, options?: CallOptions): Promise<void> {
    const { id: name } = copy
    try {
      await this.#means.change({ change: 'remove-clone', vm: copy, name }, options, async (trouble) => {
        await this.#means.halfOf(trouble)
        if (trouble?.kind === 'half') throw refused('remove-clone', 'the task died')
        await this.#inner.removeKept(copy)
      })
    } catch (thrown) {
      if (thrown instanceof StillshotError && thrown.code === 'vm-not-found') return
      throw thrown
    }
  }

  checkStorage(vm: Vm, options?: CallOptions) {
    return this.#means.ask(options, () => this.#inner.checkStorage(vm))
  }

  reach(copy: KeptCopy): string {
    return this.#inner.reach(copy)
  }
}
