import type { Cell, CellResult, Versions } from './cell.ts'
import type { Ground } from './ground.ts'
import { runCell, tidy } from './run-cell.ts'
import { Scene } from './scene.ts'

/** Where cells are played one after the other: a guest, made anew whenever it is not fit for another cell. */
export class Place {
  readonly #ground: () => Promise<Ground>
  #scene: Scene | undefined

  /** `ground`: makes a fresh one. */
  constructor(ground: () => Promise<Ground>) {
    this.#ground = ground
  }

  /** A cell whose boundary was not reached says nothing about it: it is played once more, on a fresh guest. */
  async play(cell: Cell, versions: Omit<Versions, 'mariadb'>): Promise<CellResult> {
    const first = await this.#once(cell, versions)
    return first.notRun === undefined ? first : this.#once(cell, versions)
  }

  /** Safe twice. */
  async close(): Promise<void> {
    await this.#scene?.destroy()
    this.#scene = undefined
  }

  async #once(cell: Cell, versions: Omit<Versions, 'mariadb'>): Promise<CellResult> {
    this.#scene ??= await this.#make().catch(() => this.#make())
    const scene = this.#scene
    const result = await runCell(scene, cell, { ...versions, mariadb: scene.mariadb })
    if (!(await tidy(scene, cell, result))) await this.close()
    return result
  }

  async #make(): Promise<Scene> {
    const ground = await this.#ground()
    try {
      return await Scene.make(ground)
    } catch (thrown) {
      await ground.destroy()
      throw thrown
    }
  }
}
