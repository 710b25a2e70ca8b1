import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { VERSIONS } from '../../../../adapters/applications/mysql/versions.ts'

const PAGE = new URL('../../../../docs/reference/databases.md', import.meta.url)

test('the page on database servers has the rows of the table', () => {
  const rows = readFileSync(PAGE, 'utf8')
    .split('\n')
    .filter((line) => /^\| (MariaDB|MySQL) /.test(line))
  assert.deepEqual(rows, VERSIONS.map(describeRow))
})

function describeRow({ family, from, to, redo, recorded }: (typeof VERSIONS)[number]): string {
  const name = family === 'mariadb' ? 'MariaDB' : 'MySQL'
  const [first, last] = [from, to].map(([major, minor, patch]) =>
    patch === 0 || patch === 99 ? `${major}.${minor}` : `${major}.${minor}.${patch}`,
  )
  const begin = first === '8.0' && last !== '8.0' ? '8.0.0' : first
  const range = begin === last ? begin : `${begin} to ${last}`
  const layout = redo.layout === 'stream' ? 'stream of mini-transactions' : '512-byte blocks'
  return `| ${name} ${range} | ${layout} | ${recorded.join(', ') || 'none'} |`
}
