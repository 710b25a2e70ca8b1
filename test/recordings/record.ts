// Makes the recordings of one server anew:
//   node test/recordings/record.ts ROOT [SCENARIO…]
// ROOT is a tree into which the packages of a server and its libraries were unpacked (`dpkg -x` of mariadb-server-core
// and mariadb-client-core, or of mysql-server-core and mysql-client-core, with what they depend on); with dev/null,
// dev/urandom, tmp and a user mysql (999) in etc/passwd. It is entered with chroot, so this needs root.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { recordScenario, SCENARIOS } from './scenarios.ts'
import { RecordedServer } from './server-process.ts'

const [root, ...wanted] = process.argv.slice(2)
if (root === undefined) throw new Error('usage: record.ts ROOT [SCENARIO…]')
const first = (...paths: string[]): string => paths.find((path) => existsSync(join(root, path))) ?? paths[0]!
const server = new RecordedServer({
  root,
  server: first('/usr/sbin/mariadbd', '/usr/sbin/mysqld'),
  client: first('/usr/bin/mariadb', '/usr/bin/mysql'),
})

for (const scenario of SCENARIOS) {
  if (scenario.only !== undefined && scenario.only !== (server.isMariadb ? 'mariadb' : 'mysql')) continue
  if (wanted.length > 0 && !wanted.includes(scenario.name)) continue
  const { version, ...recording } = await recordScenario(server, scenario)
  const series = /\d+\.\d+/.exec(recording.server.version)![0]
  const folder = join(import.meta.dirname, `${recording.server.family}-${series}`)
  mkdirSync(folder, { recursive: true })
  const document = { version, recordedAt: new Date().toISOString(), ...recording }
  writeFileSync(join(folder, `${scenario.name}.json`), `${JSON.stringify(document, null, 2)}\n`)
  process.stderr.write(`${recording.server.version}: ${scenario.name}\n`)
}
