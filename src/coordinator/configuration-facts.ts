import { createHmac } from 'node:crypto'
import type { DescriptionKey } from '../grade/description.ts'
import type { InventoryAnswer } from '../guest/protocol/answers.ts'
import { TarReader } from '../repository/tar-files.ts'
import { HIDDEN, kindOf, readJobs, readSettings, type Settings } from './read-settings.ts'

/** What a backup saw of the configuration, without any secret: kept with the restore point, so that the next one can be compared. */
export interface ConfigurationFacts {
  readonly version: 1
  /** Sites, modules and the like that are switched on, by folder. */
  readonly enabled: Readonly<Record<string, readonly string[]>>
  /** Settings that are known to be no secret, by file. */
  readonly settings: Readonly<Record<string, Settings>>
  /** Jobs of cron, by file. */
  readonly jobs: Readonly<Record<string, readonly string[]>>
  /** A mark of each file's content, by which nobody finds the content without this coordinator's key. */
  readonly files: Readonly<Record<string, string>>
  /** Of the server as it ran; empty when it did not. */
  readonly server: Settings
  /** Of i-doit, as `title (database)`. */
  readonly tenants: readonly string[]
  /** By name; none where nobody listed them. */
  readonly packages: Readonly<Record<string, string>>
  /** What could not be read. */
  readonly unread: readonly string[]
}

/** Hears the streams of the configuration go by. */
export interface ConfigurationListener {
  archive(chunk: Uint8Array): void
  packages(chunk: Uint8Array): void
  facts(): ConfigurationFacts
}

const MOST_FILES = 10_000
const MOST_PACKAGES_BYTES = 4 * 1024 * 1024
const ENABLED =
  /^\/etc\/(?:apache2|httpd)\/((?:sites|mods|conf)-enabled|conf\.d|conf\.modules\.d)\/([A-Za-z0-9._-]{1,60})\.(?:conf|load)$/

/** Of the inventory: its variables and tenants. `key`: this coordinator's own, for the marks. */
export function listenToConfiguration(inventory: InventoryAnswer, key: DescriptionKey): ConfigurationListener {
  const enabled: Record<string, string[]> = {}
  const settings: Record<string, Settings> = {}
  const jobs: Record<string, readonly string[]> = {}
  const files: Record<string, string> = {}
  const unread: string[] = []
  const reader = new TarReader(({ path: written, kind, body, whole }) => {
    const path = `/${written.replace(/^\/+/, '')}`
    const [, folder, name] = ENABLED.exec(path) ?? []
    if (folder !== undefined && name !== undefined) enabled[folder] = [...(enabled[folder] ?? []), name]
    if (kind !== 'file' || !isPlain(path) || Object.keys(files).length >= MOST_FILES) return
    files[path] = createHmac('sha256', key).update(`configuration ${path}\n`).update(body).digest('hex').slice(0, 24)
    const read = kindOf(path)
    if (read !== undefined && !whole) unread.push(path)
    if (read === undefined || !whole) return
    const text = Buffer.from(body).toString('utf8')
    if (read === 'cron') jobs[path] = readJobs(path, text)
    else settings[path] = readSettings(read, text)
  })
  let listed = ''
  return {
    archive: (chunk) => reader.push(chunk),
    packages: (chunk) => {
      if (listed.length < MOST_PACKAGES_BYTES) listed += Buffer.from(chunk).toString('latin1')
    },
    facts: () => ({
      version: 1,
      ...{ enabled: sorted(enabled), settings: sorted(settings), jobs: sorted(jobs), files: sorted(files) },
      server: serverSettings(inventory.variables),
      tenants: (inventory.tenants ?? []).map(({ title, database }) => `${title} (${database})`),
      packages: readPackages(listed),
      unread: reader.fault ? [...unread, 'the archive of the configuration'] : unread,
    }),
  }
}

/** Only names that can stand in a report; what is odd may be anything. */
function isPlain(path: string): boolean {
  return /^(\/[A-Za-z0-9._+@-]{1,80}){1,12}$/.test(path)
}

function serverSettings(variables: InventoryAnswer['variables']): Settings {
  const written = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  const shown = Object.entries(readSettings('database', written.join('\n'))).filter(([, value]) => value !== HIDDEN)
  const { version } = variables
  const isVersion = version !== undefined && /^[0-9][A-Za-z0-9.+~:-]{0,80}$/.test(version)
  return { ...(isVersion ? { version } : {}), ...Object.fromEntries(shown) }
}

function readPackages(listed: string): Readonly<Record<string, string>> {
  const all = [...listed.matchAll(/^([A-Za-z0-9.+_-]{1,120}) ([A-Za-z0-9.+~:_^-]{1,120}) ([a-z0-9_()]{1,20})$/gm)]
  return Object.fromEntries(all.map(([, name = '', version = '', machine = '']) => [`${name} ${machine}`, version]))
}

function sorted<Value>(record: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(record).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}
