import { isDeepStrictEqual } from 'node:util'
import type { Proof } from '../../../src/grade/proof.ts'
import type { Fenced, FenceFacts, HoldAnswer, StopFacts } from '../../../src/guest/protocol/answers.ts'
import { claimAll, contradicted, type Judgement, proven, unknown } from './judgement.ts'

/** Facts of systemd that change whenever a unit is started, stopped or restarted. */
const UNIT_FACTS = [
  'ActiveState',
  'ActiveEnterTimestampMonotonic',
  'InactiveEnterTimestampMonotonic',
  'ExecMainStartTimestampMonotonic',
  'InvocationID',
  'NRestarts',
] as const

/** Claims `stood-still` and `one-server`; see Application.proveStoodStill. */
export function proveStoodStill(hold: HoldAnswer, release: Pick<Fenced, 'fence'>): readonly Proof[] {
  const { dbms: stop } = hold
  const { fence } = release
  if (stop === null || fence === null) {
    const missing =
      fence === null
        ? unknown('no-fence', 'the guest took no fence')
        : unknown('no-stop-facts', 'the hold brought no facts about a database server')
    return [...claimAll('stood-still', [missing]), ...claimAll('one-server', [missing])]
  }
  return [
    ...claimAll('stood-still', [
      judgeComponents(hold, fence),
      ...judgeUnit(stop.unit, fence.unit),
      judgeRedoBytes(stop, fence),
      judgeFiles(stop, fence),
    ]),
    ...claimAll('one-server', [judgeServers(stop, fence)]),
  ]
}

function judgeComponents({ components }: HoldAnswer, fence: FenceFacts): Judgement {
  const states = components.map(({ unit }) => ({ unit, state: fence.components[unit] }))
  const running = states.find(({ state }) => state !== undefined && state !== 'inactive' && state !== 'failed')
  if (running !== undefined) return contradicted('component-runs', `${running.unit} was ${running.state} at the fence`)
  const missing = states.find(({ state }) => state === undefined)
  if (missing !== undefined) return unknown('component-unknown', `the fence says nothing of ${missing.unit}`)
  return proven('components-stopped', `at the fence: ${states.map(({ unit, state }) => `${unit} ${state}`).join(', ')}`)
}

/** Nothing under SysV: an empty map on both sides. */
function judgeUnit(held: StopFacts['unit'], fenced: FenceFacts['unit']): readonly Judgement[] {
  if (Object.keys(held).length === 0 && Object.keys(fenced).length === 0) return []
  const changed = UNIT_FACTS.find((name) => held[name] !== fenced[name])
  if (changed !== undefined) {
    const [before, after] = [held[changed] ?? 'missing', fenced[changed] ?? 'missing']
    return [contradicted('unit-changed', `the unit's ${changed} was ${before} at the hold, ${after} at the fence`)]
  }
  return held.InvocationID === undefined && held.InactiveEnterTimestampMonotonic === undefined
    ? [unknown('unit-unknown', 'systemd did not say when the unit stopped')]
    : [proven('unit-unchanged', 'the unit was neither started nor stopped between hold and fence')]
}

function judgeRedoBytes({ redo: held }: StopFacts, { redo: fenced }: FenceFacts): Judgement {
  if (held === null || fenced === null) return unknown('redo-missing', 'the redo log could not be read')
  return isDeepStrictEqual(held, fenced)
    ? proven('redo-unchanged', `${held.path} has the same bytes at hold and fence`)
    : contradicted('redo-changed', `${held.path} changed between hold and fence`)
}

function judgeFiles({ files: held }: StopFacts, { files: fenced }: FenceFacts): Judgement {
  if (!held.some(({ role }) => role === 'system-tablespace')) {
    return unknown('files-missing', 'the system tablespace was not looked at')
  }
  const paths = new Set([...held, ...fenced].map(({ path }) => path))
  const find = (files: StopFacts['files'], path: string) => files.find((file) => file.path === path)
  const changed = [...paths].find((path) => !isDeepStrictEqual(find(held, path), find(fenced, path)))
  if (changed === undefined) return proven('files-unchanged', `unchanged: ${[...paths].join(', ')}`)
  const [before, after] = [find(held, changed), find(fenced, changed)].map((file) =>
    file === undefined ? 'missing' : `${file.sizeBytes} bytes of ${file.modified}`,
  )
  return contradicted('file-changed', `${changed}: ${before} at the hold, ${after} at the fence`)
}

function judgeServers(stop: StopFacts, fence: FenceFacts): Judgement {
  const seen = [
    ...stop.processes.map((process) => ({ ...process, at: 'hold' })),
    ...fence.processes.map((process) => ({ ...process, at: 'fence' })),
  ][0]
  return seen === undefined
    ? proven('no-server', 'no database server ran on the machine at hold and fence')
    : contradicted('server-ran', `process ${seen.pid} (${seen.command}) ran at the ${seen.at}`)
}
