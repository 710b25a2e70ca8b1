import type { Finding } from '../../../src/finding.ts'
import type { ProbeLimits } from '../../../src/guest/application.ts'
import type { ProbedDbms } from '../../../src/guest/protocol/answers.ts'
import { ok, refuse, warn } from './findings.ts'
import { isOn, isSame, RUN_TIME_SETTINGS } from './settings.ts'

/** What the option files say, where the helper could ask: `configured_read_only` beside `read_only`. */
const CONFIGURED = 'configured_'

/** Settings that were made at run time and that a restart would lose. */
export function checkSettings({ variables }: ProbedDbms, { settingsPutBack }: ProbeLimits): readonly Finding[] {
  const names = new Set<string>(RUN_TIME_SETTINGS)
  for (const name of Object.keys(variables)) if (name.startsWith(CONFIGURED)) names.add(name.slice(CONFIGURED.length))
  const findings = [...names].flatMap((name) => checkSetting(name, variables, settingsPutBack))
  return findings.length > 0 ? findings : [ok('settings-survive', `as configured: ${[...names].join(', ')}`)]
}

function checkSetting(
  name: string,
  variables: Readonly<Record<string, string>>,
  settingsPutBack: boolean,
): readonly Finding[] {
  const [current, configured] = [variables[name], variables[`${CONFIGURED}${name}`]]
  if (current === undefined) return []
  if (configured === undefined) return isOn(current) && !settingsPutBack ? [warnUnverified(name, current)] : []
  if (isSame(current, configured)) return []
  const message = `${name} is ${current}, the option files say ${configured}: a restart would change it`
  return [
    settingsPutBack
      ? warn('setting-put-back', message, 'your own start-up files must put it back, as the profile says')
      : refuse(
          'setting-would-change',
          message,
          `write ${name} into the option file, or say in the profile that settings are put back`,
        ),
  ]
}

function warnUnverified(name: string, current: string): Finding {
  return warn(
    'setting-unverified',
    `${name} is ${current}; whether it stands in the option files could not be seen`,
    `make sure that ${name} stands in the option file: a restart would lose it otherwise`,
  )
}
