import type { Proof } from '../../../src/grade/proof.ts'
import type { ComeBackAnswer, ProbeAnswer } from '../../../src/guest/protocol/answers.ts'
import { judgeRecovery } from './come-back-recovery.ts'
import { claimAll, contradicted, type Judgement, proven, unknown } from './judgement.ts'
import { describeChannel, nameChannel } from './replication.ts'
import { isSame, RUN_TIME_SETTINGS } from './settings.ts'

type CameBackDbms = NonNullable<ComeBackAnswer['dbms']>

/** Claims `came-back` and `no-crash-recovery`; see Application.proveComeBack. */
export function proveComeBack(before: ProbeAnswer | undefined, comeBack: ComeBackAnswer): readonly Proof[] {
  const { dbms } = comeBack
  if (dbms === null) {
    const missing = unknown('no-dbms-facts', 'the guest brought no facts about a database server')
    return [...claimAll('came-back', [missing]), ...claimAll('no-crash-recovery', [missing])]
  }
  return [
    ...claimAll('came-back', [
      judgeComponents(before, comeBack),
      judgeServer(dbms),
      ...judgePage(before, comeBack),
      ...(before?.dbms?.reachable === true ? judgeAsBefore(before.dbms, dbms) : []),
    ]),
    ...claimAll('no-crash-recovery', [judgeRecovery(dbms, before)]),
  ]
}

/** Active is what was active before; without a look before, everything that belongs to the profile. */
function judgeComponents(before: ProbeAnswer | undefined, { components }: ComeBackAnswer): Judgement {
  const wanted =
    before?.components.flatMap(({ unit, active, triggers, dependents }) => [
      ...(active && unit !== null ? [unit] : []),
      ...[...triggers, ...dependents].filter((related) => related.active).map((related) => related.unit),
    ]) ?? components.map(({ unit }) => unit)
  const states = new Map<string, string>()
  for (const { unit, activeState, related } of components) {
    states.set(unit, activeState)
    for (const each of related) states.set(each.unit, each.active ? 'active' : 'inactive')
  }
  const down = wanted.find((unit) => states.get(unit) !== 'active')
  if (down === undefined) return proven('components-active', `active: ${wanted.join(', ')}`)
  const state = states.get(down)
  return state === undefined
    ? unknown('component-unknown', `the guest says nothing of ${down}`)
    : contradicted('component-down', `${down} is ${state}`)
}

/** A page that answered before must answer again; of one that did not, nobody asks for more. */
function judgePage(before: ProbeAnswer | undefined, { page }: ComeBackAnswer): readonly Judgement[] {
  const was = before?.page
  if (was === undefined || was === null || !answers(was.status)) return []
  if (page === undefined || page === null) return [unknown('page-unknown', `the guest says nothing of ${was.url}`)]
  return answers(page.status)
    ? [proven('page-answers', `${page.url} answers with ${page.status}`)]
    : [
        contradicted(
          'page-silent',
          `${page.url} answered with ${was.status}, now ${page.status ?? page.error ?? 'nothing'}`,
        ),
      ]
}

/** A login that is asked for, or another page that is named, is an answer; an error of the server is none. */
function answers(status: number | null): boolean {
  return status !== null && status < 500
}

function judgeServer({ unit, socketExists, select1, loginError }: CameBackDbms): Judgement {
  const state = unit.ActiveState
  if (state !== undefined && state !== 'active') return contradicted('server-down', `the server's unit is ${state}`)
  if (select1) return proven('server-answers', 'SELECT 1 was answered')
  return socketExists
    ? contradicted('server-silent', `SELECT 1 was not answered: ${loginError ?? 'no reason given'}`)
    : contradicted('no-socket', 'the server has no socket')
}

function judgeAsBefore(before: NonNullable<ProbeAnswer['dbms']>, after: CameBackDbms): readonly Judgement[] {
  const settings = RUN_TIME_SETTINGS.flatMap((name) => {
    const [was, is] = [before.variables[name], after.variables[name]]
    if (was === undefined) return []
    if (is === undefined) return [unknown('setting-unknown', `${name} was ${was}, what it is now is not known`)]
    return isSame(was, is) ? [] : [contradicted('setting-differs', `${name} was ${was}, now it is ${is}`)]
  })
  const channels = before.replicas.flatMap((channel) => {
    const name = nameChannel(channel)
    const now = after.replicas.find((each) => nameChannel(each) === name)
    const [was, is] = [describeChannel(channel), now === undefined ? 'missing' : describeChannel(now)]
    return was === is ? [] : [contradicted('replication-differs', `replica ${name || 'channel'} was ${was}, now ${is}`)]
  })
  const differing = [...settings, ...channels]
  return differing.length === 0
    ? [proven('as-before', 'run-time settings and replication threads are as before')]
    : differing
}
