import { StillshotError } from '../errors.ts'
import { Redaction } from '../log/redaction.ts'
import { type CallOptions, type Clock, DeadlineExceeded } from '../system/clock.ts'
import { durationWords } from '../system/duration-words.ts'
import { type DrillOrders, drillLines } from './drill-orders.ts'
import type { CommandResult, GuestShell, GuestShells, GuestTarget, RunOptions } from './guest-shell.ts'
import { HELPER_PATH } from './helper-path.ts'
import { needsPassword } from './needs-password.ts'
import type { OverOrder } from './over-order.ts'
import { type Answers, prepareValidation, Refusal, readAnswer, type Verb } from './protocol/validate.ts'
import { refused } from './refusals.ts'
import { isSameUuid } from './same-machine.ts'
import { silent } from './silent.ts'
import { requestBytes, type StreamCall, type StreamEnd, type StreamVerb } from './stream-verb.ts'
import { WaitingRelease } from './waiting-release.ts'

export interface GuestHelperOptions {
  readonly shells: GuestShells
  readonly target: GuestTarget
  readonly clock: Clock
  /** Only for a profile that logs in with a password; fetched at each call that needs it, sent on stdin. */
  readonly databasePassword?: () => Promise<string>
}

export interface HelperCall extends CallOptions {
  /** The request has been handed to the connection. */
  readonly onSent?: () => void
  /** The answer has arrived, before it is looked at. */
  readonly onAnswered?: () => void
  /**
   * SMBIOS UUID of the machine that must answer. When another one has taken the address, it is `guest-unreachable`: what was
   * asked of that one has been done there.
   */
  readonly machine?: string
}

/** A shorter password may be an ordinary word of an answer, such as the name of a unit or a program. */
const LEAST_UNLIKELY = 8

type LimitedRun = RunOptions & Required<Pick<RunOptions, 'signal'>>

/**
 * The helper's verbs, as calls. One connection at a time, opened when first needed and again when it was lost. Every verb
 * may be repeated with the same hold id. Rejects with the codes of {@link GuestShells} and with `helper-…`,
 * `sudo-refused`, `guest-locked`, `hold-refused`. The password that was sent is in nothing that comes back from here,
 * whatever the guest says: answers are kept.
 */
export class GuestHelper {
  readonly #options: GuestHelperOptions
  #shell: GuestShell | undefined
  readonly #redaction = new Redaction({ shortest: LEAST_UNLIKELY })
  #password: Promise<string> | undefined
  #waiting: WaitingRelease | undefined
  /** Who answered over a connection. */
  readonly #answered = new WeakMap<GuestShell, string | null>()

  constructor(options: GuestHelperOptions) {
    this.#options = options
    prepareValidation('probe', 'hold', 'release')
  }

  probe(profile: string, call: HelperCall): Promise<Answers['probe']> {
    return this.#ask('probe', [profile], '', call)
  }

  drain(profile: string, holdId: string, seconds: number, call: CallOptions): Promise<Answers['drain']> {
    return this.#ask('drain', [profile, holdId, String(seconds)], holdId, call)
  }

  undrain(profile: string, holdId: string, call: CallOptions): Promise<Answers['undrain']> {
    return this.#ask('undrain', [profile, holdId], holdId, call)
  }

  hold(
    profile: string,
    holdId: string,
    limits: { ttlMs: number; startMs: number },
    call: HelperCall,
  ): Promise<Answers['hold']> {
    return this.#ask('hold', [profile, holdId, String(limits.ttlMs), String(limits.startMs)], holdId, call)
  }

  /**
   * Lets a release of this hold wait in the guest, over the connection that is open, so that {@link release} needs no login.
   * Nothing depends on it: where it cannot, the release is asked for when it is wanted.
   */
  prepareRelease(holdId: string): void {
    if (this.#shell?.open !== true) return
    this.#waiting = new WaitingRelease(this.#shell, this.#command('release', [holdId]), holdId)
  }

  fence(holdId: string, call: HelperCall): Promise<Answers['fence']> {
    return this.#ask('fence', [holdId], holdId, call)
  }

  release(holdId: string, call: HelperCall): Promise<Answers['release']> {
    const waiting = this.#waiting?.holdId === holdId ? this.#waiting : undefined
    if (waiting !== undefined) this.#waiting = undefined
    return this.#ask('release', [holdId], holdId, call, waiting)
  }

  comeBack(profile: string, holdId: string | undefined, call: HelperCall): Promise<Answers['come-back']> {
    return this.#ask('come-back', [profile, holdId ?? '-'], holdId ?? '', call)
  }

  status(call: HelperCall): Promise<Answers['status']> {
    return this.#ask('status', [], '', call)
  }

  setClock(call: HelperCall): Promise<Answers['clock']> {
    return this.#ask('clock', [], '', call)
  }

  /** The freezes from inside that wait to be collected, or one of them. */
  kept(id: string | undefined, call: HelperCall): Promise<Answers['kept']> {
    return this.#ask('kept', [id ?? '-'], id ?? '', call)
  }

  /** Ends the keeping of one. */
  forget(id: string, call: HelperCall): Promise<Answers['forget']> {
    return this.#ask('forget', [id], id, call)
  }

  /**
   * Everything that a copy of the machine can be asked: its markers, every table, the admin's own questions. Only for a copy;
   * refused, with `helper-failed`, where there is a network card.
   */
  drill(profile: string, id: string, orders: DrillOrders, call: HelperCall): Promise<Answers['drill']> {
    const seconds = String(Math.ceil(orders.limitMs / 1000))
    return this.#ask('drill', [profile, id, seconds], id, { ...call, lines: drillLines(orders) })
  }

  /** The hold's watchdog waits so much longer. Rejects with `hold-expired` when the hold is over. */
  renew(holdId: string, ttlMs: number, call: HelperCall): Promise<Answers['renew']> {
    return this.#ask('renew', [holdId, String(ttlMs)], holdId, call)
  }

  /** What the load of this run began to replace is whole: with the backup, or with what was there before. */
  whole(run: string, way: 'forward' | 'back', call: HelperCall): Promise<Answers['whole']> {
    return this.#ask('whole', [run, way], run, call)
  }

  /**
   * What was unpacked for this run is written over what is there, or put back as it was. `paths`: what was unpacked. Rejects with
   * `helper-failed` and the guest's word in `details.helperCode`; nothing is then written, unless that is `over-half`.
   */
  over({ profile, run, way, held, paths }: OverOrder, call: HelperCall): Promise<Answers['over']> {
    const lines = [...paths.map((path) => `path=${path}`), '']
    return this.#ask('over', [profile, run, way, held ? 'held' : 'free'], run, { ...call, lines })
  }

  /** What a backup would hold. Rejects with `backup-not-allowed` where the guest's profile does not allow any. */
  inventory(profile: string, call: HelperCall): Promise<Answers['inventory']> {
    return this.#ask('inventory', [profile], '', call)
  }

  /** Which binary logs there are, and what the server calls this position of one. */
  binlogs(profile: string, [file, position]: readonly [string, number], call: HelperCall): Promise<Answers['binlogs']> {
    return this.#ask('binlogs', [profile, file, String(position)], '', call)
  }

  /** A verb whose answer is a stream: how it ended, whatever that is. What `output` was given is whole only then. */
  async stream(verb: StreamVerb, args: readonly string[], call: StreamCall): Promise<StreamEnd> {
    const password = await this.#passwordFor(verb)
    const { body, output, signal, timeoutMs, machine } = call
    const limits = { ...(signal === undefined ? {} : { signal }), ...(timeoutMs === undefined ? {} : { timeoutMs }) }
    try {
      const shell = machine === undefined ? await this.shell(limits) : await this.#shellOf(machine, limits)
      const { exitStatus, stderr } = await shell.stream(this.#command(verb, args), {
        ...limits,
        input: requestBytes(password, call),
        keepInputOpen: body === undefined,
        output,
      })
      return { exitStatus, stderr: this.#redaction.text(stderr) }
    } catch (thrown) {
      throw this.#unanswered(verb, thrown)
    }
  }

  /** A connection to this machine and no other: a stream has no document that would say who sent it. */
  async #shellOf(machine: string, limits: CallOptions): Promise<GuestShell> {
    const shell = await this.shell(limits)
    if (!this.#answered.has(shell)) await this.status({ ...limits, timeoutMs: limits.timeoutMs ?? 60_000, machine })
    await this.#checkMachine(machine, this.#answered.get(shell) ?? null)
    if (this.#shell === shell) return shell
    throw new StillshotError('guest-unreachable', `${this.#options.target.vm}: lost while it was asked who answers`)
  }

  /** The open connection, for what is no verb (installing the helper). */
  async shell(call: CallOptions = {}): Promise<GuestShell> {
    if (this.#shell?.open !== true) this.#shell = await this.#options.shells.open(this.#options.target, call)
    return this.#shell
  }

  /** Safe twice. */
  async close(): Promise<void> {
    const shell = this.#shell
    this.#shell = undefined
    await shell?.close()
  }

  async #ask<V extends Verb>(
    verb: V,
    args: readonly string[],
    holdId: string,
    call: HelperCall & { readonly lines?: readonly string[] },
    waiting?: WaitingRelease,
  ): Promise<Answers[V]> {
    const { target, clock } = this.#options
    const limitMs = call.timeoutMs ?? 60_000
    using deadline = clock.deadline(limitMs, call.signal)
    const password = await this.#passwordFor(verb)
    const lines = [...(password === undefined ? [] : [`password=${password}`]), ...(call.lines ?? [])]
    const stdin = lines.map((line) => `${line}\n`).join('')
    const { signal } = deadline
    const sending = { signal, ...(call.onSent === undefined ? {} : { onSent: call.onSent }) }
    let result: CommandResult
    try {
      result =
        (await waiting?.tell(stdin, sending)) ??
        (await this.#run(this.#command(verb, args), limitMs, { ...sending, stdin }))
      call.onAnswered?.()
    } catch (thrown) {
      throw this.#unanswered(verb, thrown)
    }
    if (result.stdout.trim() === '') throw silent(target, verb, result, this.#redaction)
    const answer = readAnswer(verb, holdId, result.stdout, this.#redaction)
    if (answer instanceof Refusal) throw refused(verb, target.vm, answer)
    if (this.#shell !== undefined) this.#answered.set(this.#shell, answer.uuid)
    await this.#checkMachine(call.machine, answer.uuid)
    return answer
  }

  async #run(command: readonly string[], timeoutMs: number, options: LimitedRun): Promise<CommandResult> {
    const shell = await this.shell({ signal: options.signal, timeoutMs })
    return await shell.run(command, options)
  }

  #command(verb: Verb | StreamVerb, args: readonly string[]): readonly string[] {
    const prefix = this.#options.target.user === 'root' ? [] : ['sudo', '-n']
    return [...prefix, HELPER_PATH, verb, ...args]
  }

  async #checkMachine(wanted: string | undefined, answers: string | null): Promise<void> {
    if (wanted === undefined || answers === null || isSameUuid(wanted, answers)) return
    // The next call opens a new connection: by then the right one may have its address back.
    await this.close()
    const { vm, host } = this.#options.target
    const message = `at ${host} another machine answers than ${vm}: SMBIOS UUID ${answers}, not ${wanted}`
    throw new StillshotError('guest-unreachable', message)
  }

  /**
   * Fetched once, before anything is stopped. Starting needs none: a release is sent also when the vault is away, and
   * only the first SELECT 1 is then not seen.
   */
  async #passwordFor(verb: Verb | StreamVerb): Promise<string | undefined> {
    if (!needsPassword(verb)) return undefined
    this.#password ??= this.#options.databasePassword?.().then((secret) => this.#sendable(secret))
    const password = this.#password
    // A vault that was away for a moment is asked again at the next call.
    password?.catch(() => {
      if (this.#password === password) this.#password = undefined
    })
    if (verb !== 'release') return password
    return password?.catch(() => undefined)
  }

  #sendable(secret: string): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: one line is what the helper reads
    if (/[\u0000\r\n]/.test(secret)) {
      const message = `the database's password for ${this.#options.target.vm} holds a line break or NUL`
      throw new StillshotError('secret-unreadable', message, { hint: 'it is one line: look at where it comes from' })
    }
    this.#redaction.add(secret)
    return secret
  }

  /** The limit that ended it is named: the call's own, or that of the caller, which may be shorter. */
  #unanswered(verb: string, thrown: unknown): unknown {
    const late = [thrown, (thrown as { cause?: unknown }).cause].find((each) => each instanceof DeadlineExceeded)
    if (late === undefined) return thrown
    const { vm, host } = this.#options.target
    const message = `no answer to '${verb}' from ${vm} (${host}) within ${durationWords(late.afterMs)}`
    return new StillshotError('guest-unreachable', message, { cause: thrown })
  }
}
