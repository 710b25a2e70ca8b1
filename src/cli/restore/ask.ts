import type { RestoreChoices } from '../../coordinator/restore-choices.ts'
import type { RestoreOrder } from '../../coordinator/restore-order.ts'
import type { RestoreReport } from '../../coordinator/restore-report.ts'
import { StillshotError } from '../../errors.ts'
import type { App, OpenVm } from '../app.ts'
import { line, printable } from '../format.ts'
import { DEFAULT_WAIT_MS } from '../wait-option.ts'
import { choiceLabel, choicesText, underWayText } from './choices-text.ts'
import { planText } from './plan-text.ts'

export type WantedRestore = Omit<RestoreOrder, 'dryRun'>

/**
 * Leads a person from what there is to one order: shows the points, lets one be chosen, shows what it will do and lose, and has the
 * VM's name typed. Only what was shown will be done. Rejects with `cancelled`; nothing is changed until it resolves.
 */
export async function askForRestore(app: App, open: OpenVm, wanted: WantedRestore): Promise<WantedRestore> {
  const { ports, settings } = open
  const choices = await app.procedures.restoreChoices(ports, settings, { signal: app.signal })
  const waitMs = await askToWait(app, choices, wanted)
  const { at: _at, ...rest } = wanted
  const isNamed = wanted.pointId !== undefined || wanted.at !== undefined || wanted.undo === true
  const named = isNamed ? wanted : { ...rest, pointId: await choose(app, choices) }
  const planned = await app.procedures.restoreSnapshot(ports, settings, { ...named, waitMs, dryRun: true })
  show(app, planText(planned, app.system.clock.now()))
  const accept = await askForConsents(app, planned, wanted.accept ?? [])
  const typed = await app.prompts.text(line`Type the name of the VM, ${settings.name}, to put it back to this point`)
  if (typed !== settings.name) throw notConfirmed(settings.name)
  return { ...rest, pointId: planned.point.id, accept, waitMs }
}

async function choose(app: App, choices: RestoreChoices): Promise<string> {
  const { points, recommended, vm } = choices
  const [first] = points
  if (first === undefined) {
    throw new StillshotError('point-not-found', `${vm} has no restore point that the hypervisor still has`, {
      hint: '`stillshot list` shows what the catalog knows; `stillshot catalog rebuild` reads what the snapshots say',
    })
  }
  const nowMs = app.system.clock.now()
  show(app, choicesText(choices, nowMs))
  const labels = points.map((each) => ({ id: each.point.id, label: choiceLabel(each, nowMs, recommended) }))
  return app.prompts.choose(line`Which one is ${vm} put back to?`, labels, recommended ?? first.point.id)
}

async function askToWait(app: App, { vm, underWay }: RestoreChoices, { waitMs = 0 }: WantedRestore): Promise<number> {
  if (underWay === null || waitMs > 0) return waitMs
  show(app, `${underWayText(vm, underWay)}\n`)
  if (await app.prompts.confirm('Wait for it when everything else is said?')) return DEFAULT_WAIT_MS
  throw new StillshotError('run-under-way', underWayText(vm, underWay), { details: { lock: underWay } })
}

/** Each one is typed by its name: nobody says yes to what was not read. */
async function askForConsents(app: App, { vm, consents }: RestoreReport, given: readonly string[]) {
  const accepted = [...given]
  for (const { consent = '', message } of consents) {
    if (accepted.includes(consent)) continue
    const may = consent === 'memory' ? 'it may run on from there' : 'they may be left behind'
    const question = line`${message}. Type ${consent} if ${may}`
    const typed = await app.prompts.text(app.redaction.text(question))
    if (typed !== consent) throw notConfirmed(vm)
    accepted.push(consent)
  }
  return accepted
}

function show(app: App, text: string): void {
  app.terminal.err(printable(app.redaction.text(text)))
}

function notConfirmed(vm: string): StillshotError {
  return new StillshotError('cancelled', `restore of ${vm} was not confirmed`, { hint: 'nothing was changed' })
}
