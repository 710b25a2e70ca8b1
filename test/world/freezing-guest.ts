import { FakeShells } from '../../adapters/guests/fake/fake-shells.ts'
import type { Ports } from '../../src/coordinator/ports.ts'
import { ulid } from '../../src/system/ulid.ts'
import type { World } from './world.ts'

type Document = Record<string, unknown>

/** A world's guest that is also frozen from inside: what the helper's `freeze` and `thaw` leave for whoever collects. */
export class FreezingGuest {
  /** The world's ports, with `kept` and `forget` answered. */
  readonly ports: Ports
  readonly kept = new Map<string, Document>()
  /** How long the guest stood still since it was frozen: its uptime does not know. */
  pausedMs = 0
  /** How long the answer to `kept` is on its way, and its request as long. */
  travelsMs = 0
  /** What lies between the reading of one clock and the other where they are read one after the other. */
  readingMs = 0
  /** How long the guest takes to read both together; a helper that does not say so unless given. */
  spreadMs: number | undefined
  readonly #world: World

  constructor(world: World) {
    this.#world = world
    this.ports = { ...world.ports, shells: new FakeShells({ clock: world.clock, program: (argv) => this.run(argv) }) }
  }

  /** One freeze and its thaw, with whatever happens `before` the server stops and while it is stopped. */
  async frozen({
    before,
    during,
  }: {
    before?: () => Promise<unknown>
    during?: () => Promise<unknown>
  }): Promise<string> {
    const { clock, system } = this.#world
    const id = ulid(clock, system.randomness)
    const calledUptimeMs = await this.#uptimeMs()
    await clock.sleep(this.readingMs)
    const called = {
      calledWallMs: Math.floor(clock.now() / 1000) * 1000,
      calledUptimeMs,
      ...(await this.#calledClocks()),
    }
    const probe = await this.#ask('probe', 'mysql')
    await before?.()
    const holdAnswer = await this.#ask('hold', 'mysql', id, '60000', '10000')
    await during?.()
    const releaseAnswer = await this.#ask('release', id)
    const comeBack = await this.#ask('come-back', 'mysql', id)
    const source = 'qemu-guest-agent'
    this.kept.set(id, { id, source, profile: 'mysql', ...called, probe, holdAnswer, releaseAnswer, comeBack })
    return id
  }

  /** As the helper reads them: the uptime that belongs to the wall clock, and what the reading took. */
  async #calledClocks() {
    if (this.spreadMs === undefined) return {}
    return { calledClocks: { uptimeMs: await this.#uptimeMs(), spreadMs: this.spreadMs } }
  }

  async #uptimeMs(): Promise<number> {
    return Number((await this.#ask('status')).uptimeMs)
  }

  async #ask(...words: readonly string[]): Promise<Document> {
    const { stdout } = await this.#world.guest.program(['/usr/local/sbin/stillshot-guest', ...words])
    return JSON.parse(stdout)
  }

  async run(argv: readonly string[]) {
    const [verb, id = ''] = argv.slice(argv.indexOf('/usr/local/sbin/stillshot-guest') + 1)
    if (verb !== 'kept' && verb !== 'forget') return this.#world.guest.program(argv)
    if (verb === 'forget') this.kept.delete(id)
    else await this.#world.clock.sleep(this.travelsMs)
    const hold = id === '-' ? '' : id
    const wallMs = Math.floor(this.#world.clock.now() / 1000) * 1000
    const clocks = {
      uptimeMs: Number((await this.#ask('status')).uptimeMs) - this.pausedMs,
      spreadMs: this.spreadMs ?? 0,
    }
    if (verb === 'kept') await this.#world.clock.sleep(this.readingMs)
    const read = this.spreadMs === undefined ? { wallMs } : { wallMs, clocks }
    const more = verb === 'forget' ? {} : { ...read, freezes: [...this.kept.keys()], freeze: this.kept.get(id) ?? null }
    const status = await this.#ask('status')
    const uptimeMs = Number(status.uptimeMs) - this.pausedMs
    const envelope = { ...status, uptimeMs, verb, hold, ...more }
    if (verb === 'kept') await this.#world.clock.sleep(this.travelsMs)
    return { exitStatus: 0, stdout: JSON.stringify(envelope), stderr: '' }
  }
}
