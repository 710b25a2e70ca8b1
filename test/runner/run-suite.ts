import { type ChildProcess, type ForkOptions, fork } from 'node:child_process'
import type { Lane } from './lanes.ts'
import type { SuiteEvent } from './suite-events.ts'
import type { Tally } from './tally.ts'

export interface Suite {
  readonly name: string
  readonly files: readonly string[]
  readonly limitMs: number
  /** After its last test the process must end by itself within this; what it still has open is a defect of a test. */
  readonly closeMs: number
  readonly lane: Lane
  /** Only tests whose name matches. */
  readonly testName?: string
}

export interface SuiteResult extends Tally {
  /** What the tests printed, its end if it is long. */
  readonly output: string
  readonly failures: readonly Failure[]
}

export interface Failure {
  readonly name: string
  readonly place: string
  readonly error: string
}

type TestEvent = Extract<SuiteEvent, { kind: 'test' }>

const KEPT_OUTPUT = 100_000
const KILL_AFTER_MS = 10_000
const LEFT_OPEN = 'all tests ended, but something is still open (timer, socket, process)'

/** Runs the files of a suite in one process of its own and kills it, with what it started, when its time is over. */
export function runSuite(suite: Suite, onTest: (event: TestEvent) => void): Promise<SuiteResult> {
  const named = suite.testName === undefined ? [] : ['--name', suite.testName]
  const program = new URL('suite-process.ts', import.meta.url).pathname
  // A suite may itself be started by a test; node:test would then refuse to run files.
  const { NODE_TEST_CONTEXT: _inherited, ...env } = process.env
  const options: ForkOptions = { detached: true, env, execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }
  const child = fork(program, [...named, ...suite.files], options)
  return new Promise((resolve) => {
    const events: TestEvent[] = []
    let output = ''
    let ended = false
    let fault = ''
    const stop = (why: string) => {
      fault ||= why
      endGroup(child)
    }
    const limit = setTimeout(stop, suite.limitMs, `not finished after ${suite.limitMs / 1000} s`)
    let closing: NodeJS.Timeout | undefined
    const onInterrupt = () => stop('interrupted')
    process.on('SIGINT', onInterrupt).on('SIGTERM', onInterrupt)
    const keep = (text: Buffer) => {
      output = `${output}${text}`.slice(-KEPT_OUTPUT)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.on('message', (event: SuiteEvent) => {
      clearTimeout(closing)
      ended = event.kind === 'end'
      if (event.kind === 'end') {
        closing = setTimeout(stop, suite.closeMs, LEFT_OPEN)
      } else {
        events.push(event)
        onTest(event)
      }
    })
    child.on('close', (status, signal) => {
      clearTimeout(limit)
      clearTimeout(closing)
      process.off('SIGINT', onInterrupt).off('SIGTERM', onInterrupt)
      const nothingMatched = suite.testName !== undefined && events.length === 0 && status === 0
      if (!ended && !nothingMatched) fault ||= `the process ended before its tests (${signal ?? status})`
      resolve(resultOf(suite, events, fault, output))
    })
  })
}

/** Ends the whole process group of the child: first asked, then killed. */
function endGroup(child: ChildProcess): void {
  const signal = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name)
    } catch {
      // It has ended meanwhile.
    }
  }
  signal('SIGTERM')
  const kill = setTimeout(signal, KILL_AFTER_MS, 'SIGKILL')
  child.on('close', () => clearTimeout(kill))
}

function resultOf(suite: Suite, events: readonly TestEvent[], fault: string, output: string): SuiteResult {
  const count = (outcome: TestEvent['outcome']) => events.filter((event) => event.outcome === outcome).length
  const failures: Failure[] = events.filter(({ outcome }) => outcome === 'failed')
  if (fault !== '') failures.push({ name: suite.name, place: suite.files[0] ?? '', error: fault })
  return { passed: count('passed'), failed: failures.length, skipped: count('skipped'), output, failures }
}
