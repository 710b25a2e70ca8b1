import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findVersion, VERSIONS } from '../../../../adapters/applications/mysql/versions.ts'
import { RECORDED_SERVERS } from '../../../recordings/read-recordings.ts'

test('the table calls recorded what there are recordings of, and nothing else', () => {
  const named = VERSIONS.flatMap(({ family, recorded }) => recorded.map((series) => `${family}-${series}`))
  assert.deepEqual(named.sort(), RECORDED_SERVERS)
})

test('versions are found in what the server or its redo header says', () => {
  const cases: [string, string, string, boolean][] = [
    ['10.11.19-MariaDB-0+deb12u1', 'mariadb', '10.11', true],
    ['11.8.6-MariaDB-0+deb13u1 from Debian', 'mariadb', '11.8', true],
    ['MariaDB 10.5.29', 'mariadb', '10.5', true],
    ['10.6.18-MariaDB-log', 'mariadb', '10.6', false],
    ['5.5.5-10.3.39-MariaDB', 'mariadb', '5.5', false],
    ['8.0.36-0ubuntu0.22.04.1', 'mysql', '8.0', false],
    ['9.7.4-2', 'mysql', '9.7', true],
    ['12.3.1-MariaDB', 'mariadb', '12.3', false],
  ]
  for (const [text, family, series, recorded] of cases) {
    const found = findVersion(text)
    assert.deepEqual([found?.family, found?.series, found?.recorded], [family, series, recorded], text)
  }
  assert.equal(findVersion('no version'), undefined)
})

test('every version from MariaDB 10.3 to 11.8 and MySQL 5.7 to 8.4 is in one row', () => {
  for (const text of ['10.3.1-MariaDB', '10.4.34-MariaDB', '10.7.8-MariaDB', '10.8.1-MariaDB', '11.4.2-MariaDB']) {
    assert.ok(findVersion(text)?.known, text)
  }
  for (const text of ['5.7.44', '8.0.29', '8.0.30', '8.4.3']) assert.ok(findVersion(text)?.known, text)
  assert.notEqual(findVersion('8.0.29')?.known, findVersion('8.0.30')?.known)
})
