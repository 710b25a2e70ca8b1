import type { ConfigurationChanges } from './compare-configuration.ts'
import type { ConfigurationFacts } from './configuration-facts.ts'

/** The report for people; holds only what the facts may show. `packages`: also each of them. Pure. */
export function configurationReport(
  facts: ConfigurationFacts,
  changes: ConfigurationChanges | undefined,
  { packages = true }: { readonly packages?: boolean } = {},
): string {
  const installed = Object.entries(facts.packages)
  return [
    changesText(changes),
    ...facts.unread.map((what) => `not read: ${what}\n`),
    listText('i-doit, tenants', facts.tenants),
    listText('server as it runs', settingLines(facts.server)),
    ...Object.entries(facts.enabled).map(([folder, names]) => listText(`web server, ${folder}`, [names.join(', ')])),
    ...Object.entries(facts.settings).map(([path, settings]) => listText(path, settingLines(settings))),
    ...Object.entries(facts.jobs).map(([path, jobs]) => listText(path, jobs)),
    listText(`${Object.keys(facts.files).length} files of the configuration`, packages ? Object.keys(facts.files) : []),
    listText(`${installed.length} packages`, packages ? installed.map(([name, version]) => `${name} ${version}`) : []),
    'Values are shown of settings that are known to hold no secret; the files themselves are in configuration.tar.\n',
  ]
    .filter((text) => text !== '')
    .join('\n')
}

function changesText(changes: ConfigurationChanges | undefined): string {
  if (changes === undefined) return 'changed since the last backup: not known, there is none to compare with\n'
  const { since, createdAt, lines } = changes
  const title = `changed since backup ${since} of ${createdAt}`
  return lines.length === 0 ? `${title}: nothing\n` : listText(title, lines)
}

function settingLines(settings: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
}

function listText(title: string, lines: readonly string[]): string {
  const counted = /^\d/.test(title)
  if (lines.length === 0) return counted ? `${title}\n` : ''
  return `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`
}
