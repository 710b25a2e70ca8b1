import { StillshotError } from '../../../src/errors.ts'
import { checkWords } from '../../../src/guest/command-words.ts'
import type {
  CommandResult,
  GuestShell,
  GuestShells,
  GuestTarget,
  RunOptions,
  StreamResult,
} from '../../../src/guest/guest-shell.ts'
import type { GuestAgent, Vm } from '../../../src/hypervisor/hypervisor.ts'
import { callLimit } from '../../../src/system/call-limit.ts'
import type { CallOptions, Clock } from '../../../src/system/clock.ts'
import { orAborted } from '../../../src/system/or-aborted.ts'

const MAX_OUTPUT_BYTES = 4 * 1024 * 1024
const PING_MS = 20_000

export interface AgentShellsOptions {
  readonly clock: Clock
  readonly agent: Pick<GuestAgent, 'ping' | 'exec'>
  readonly vm: Vm
  /** The account that the agent runs programs as, where that is not root. */
  readonly user?: string
}

/**
 * Into a guest through the hypervisor's agent, as its root or, where the agent asks for a login, as its account: no network, no
 * host key. Who may ask the hypervisor may do all this anyway. Commands are given by their path.
 */
export class AgentShells implements GuestShells {
  readonly #options: AgentShellsOptions

  readonly user?: string

  constructor(options: AgentShellsOptions) {
    this.#options = options
    if (options.user !== undefined) this.user = options.user
  }

  async open(_target: GuestTarget, options: CallOptions = {}): Promise<GuestShell> {
    const { agent, clock, vm } = this.#options
    using limit = callLimit(clock, { timeoutMs: PING_MS, ...options })
    limit.signal.throwIfAborted()
    await agent.ping(vm, { signal: limit.signal, timeoutMs: PING_MS }).catch((cause) => {
      limit.signal.throwIfAborted()
      if (cause instanceof StillshotError && FINAL.has(cause.code)) throw cause
      throw new StillshotError('guest-unreachable', `no agent answers in ${vm.name}`, { cause })
    })
    return new AgentShell(this.#options)
  }
}

/** One command after the other; there is no connection that could be lost, only answers. */
class AgentShell implements GuestShell {
  readonly hostKeyFingerprint = ''
  readonly #options: AgentShellsOptions
  #open = true

  constructor(options: AgentShellsOptions) {
    this.#options = options
  }

  get open(): boolean {
    return this.#open
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    checkWords(argv)
    const { agent, clock, vm } = this.#options
    using limit = callLimit(clock, options)
    limit.signal.throwIfAborted()
    if (!this.#open) throw this.#lost(argv, false)
    if (agent.exec === undefined) {
      throw new StillshotError('not-supported', `the agent of ${vm.hypervisor} runs no programs`)
    }
    // An agent takes all of the input with the command.
    const stdin =
      options.stdin === undefined ? undefined : await orAborted(Promise.resolve(options.stdin), limit.signal)
    options.onSent?.()
    const command = { argv, ...(stdin === undefined ? {} : { stdin }) }
    const ended = await orAborted(agent.exec(vm, command, { signal: limit.signal }), limit.signal).catch((thrown) => {
      limit.signal.throwIfAborted()
      if (thrown instanceof StillshotError && LOST.has(thrown.code)) throw this.#lost(argv, true, thrown)
      throw thrown
    })
    if (Math.max(ended.stdout.length, ended.stderr.length) > (options.maxOutputBytes ?? MAX_OUTPUT_BYTES)) {
      throw new StillshotError('helper-answer-invalid', `${vm.name}: ${argv[0]} wrote too much`)
    }
    return ended
  }

  /** An agent gives its output when the program has ended, all at once. */
  async stream(): Promise<StreamResult> {
    throw new StillshotError('not-supported', `the agent of ${this.#options.vm.hypervisor} streams nothing`)
  }

  async close(): Promise<void> {
    this.#open = false
  }

  #lost(argv: readonly string[], mayHaveRun: boolean, cause?: unknown): StillshotError {
    const message = `${this.#options.vm.name}: the agent did not say how ${argv[0]} ended`
    return new StillshotError('guest-unreachable', message, { cause, details: { mayHaveRun } })
  }
}

/** An agent that answers, and lets nobody in. */
const FINAL: ReadonlySet<string> = new Set(['guest-login-refused', 'not-supported', 'server-changed'])

const LOST: ReadonlySet<string> = new Set(['answer-lost', 'hypervisor-unreachable', 'timed-out'])
