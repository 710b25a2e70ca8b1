import { contradicted, type Judgement, proven, unknown } from './judgement.ts'

const WANTED = { ActiveState: 'inactive', Result: 'success', ExecMainStatus: '0', MainPID: '0' } as const

/** What systemd says about how the unit ended; nothing under SysV, where the other facts must carry the claim. */
export function judgeUnitEnd(init: 'systemd' | 'sysv', unit: Readonly<Record<string, string>>): readonly Judgement[] {
  if (init === 'sysv' && Object.keys(unit).length === 0) return []
  const said = Object.entries(WANTED).map(([name, wanted]) => ({ name, wanted, value: unit[name] }))
  const wrong = said.find(({ wanted, value }) => value !== undefined && value !== wanted)
  if (wrong !== undefined) {
    return [contradicted('unit-not-clean', `the unit has ${wrong.name}=${wrong.value} after the stop`)]
  }
  const missing = said.find(({ value }) => value === undefined)
  return missing === undefined
    ? [proven('unit-ended', 'the unit is inactive, Result=success, ExecMainStatus=0')]
    : [unknown('unit-unknown', `systemd did not say ${missing.name} of the unit`)]
}
