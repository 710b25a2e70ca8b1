import { dirname, resolve } from 'node:path'
import { StillshotError } from '../errors.ts'
import type { Host, ReadFile } from '../system/host.ts'
import { crossCheck } from './cross-check.ts'
import { refuseUnsafe } from './permissions.ts'
import { type Settings, toSettings } from './settings.ts'
import { validateConfig } from './validate.ts'
import { type Problem, parseYaml } from './yaml-source.ts'

/** Where a configuration is looked for when none is named. */
export const CONFIG_PLACES = ['./stillshot.yaml', '/etc/stillshot/stillshot.yaml'] as const

/**
 * Finds, checks and reads the configuration. `path`: the one that `--config` names. Repeatable; changes nothing.
 * Rejects with `config-invalid` (details: every problem with path, line and column) or `config-unsafe`.
 */
export async function loadSettings(system: Host, path?: string): Promise<Settings> {
  const { place, file } = await find(system, path)
  await refuseUnsafe(system, place, file)
  const source = await parseYaml(file.text)
  if (source.problems.length > 0) throw invalid(place, source.problems)
  const result = await validateConfig(source)
  if ('problems' in result) throw invalid(place, result.problems)
  const problems = crossCheck(result.config, source)
  if (problems.length > 0) throw invalid(place, problems)
  return toSettings(result.config, place, dirname(place))
}

async function find(system: Host, path: string | undefined): Promise<{ place: string; file: ReadFile }> {
  const places = (path === undefined ? CONFIG_PLACES : [path]).map((each) => resolve(system.workingDirectory, each))
  for (const place of places) {
    const file = await read(system, place)
    if (file !== undefined) return { place, file }
  }
  throw new StillshotError('config-invalid', `there is no configuration: looked for ${places.join(' and ')}`, {
    hint: '`stillshot init` writes one; --config FILE names another place',
  })
}

async function read(system: Host, place: string): Promise<ReadFile | undefined> {
  try {
    return await system.readFile(place)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new StillshotError('config-invalid', `${place} cannot be read: ${reason}`, {
      cause,
      hint: 'the user who runs stillshot must be able to read it',
    })
  }
}

function invalid(place: string, problems: readonly Problem[]): StillshotError {
  const lines = problems.map(({ path, line, column, message }) => {
    const where = line === undefined ? place : `${place}:${line}:${column}`
    return path === '' ? `${where}: ${message}` : `${where}: ${path} ${message}`
  })
  return new StillshotError('config-invalid', lines.join('\n'), { details: { file: place, problems } })
}
