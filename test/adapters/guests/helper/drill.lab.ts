// runs beside other labs
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { DrillAnswer } from '../../../../src/guest/protocol/answers.ts'
import { readAnswer } from '../../../../src/guest/protocol/validate.ts'
import { HOLD, openSandbox, refusal, type Sandbox, SHELLS, type ShellName } from './sandbox.ts'

const WORDS = ['drill', 'mysql', HOLD, '60']

/** A copy of a machine: it has a loopback and nothing else. */
async function openCopy(shell: ShellName, t: { after(work: () => Promise<void>): void }): Promise<Sandbox> {
  const guest = await openSandbox(shell)
  t.after(() => guest.remove())
  const helper = join(guest.root, 'stillshot-guest')
  const text = await readFile(helper, 'utf8')
  await writeFile(helper, text.replace(/^SYS=.*$/m, `SYS=${guest.root}/sys`))
  await mkdir(join(guest.root, 'sys/class/net/lo'), { recursive: true })
  await guest.write('tables', 'CHECK TABLE `shop`.`t`;\nCHECK TABLE `shop`.`u`;\n')
  return guest
}

async function drill(guest: Sandbox, ...lines: readonly string[]): Promise<DrillAnswer> {
  const { stdout } = await guest.run(WORDS, { stdin: lines.map((line) => `${line}\n`).join('') })
  return readAnswer('drill', HOLD, stdout) as DrillAnswer
}

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`a drill under ${shell}`, { concurrency: true }, () => {
    test('is refused on a machine that has a network card, and asks the server nothing', async (t) => {
      const guest = await openCopy(shell, t)
      await mkdir(join(guest.root, 'sys/class/net/ens3/device'), { recursive: true })
      assert.equal(refusal(await guest.run(WORDS, { stdin: 'assert=DROP DATABASE shop\n' })), 'not-a-copy')
      assert.equal(await guest.read('calls'), '')
    })

    test('counts good tables, and tells the first word against each that is not', async (t) => {
      const guest = await openCopy(shell, t)
      await guest.write(
        'rows',
        [
          ...['shop.t\tcheck\tstatus\tOK', 'shop.m\tcheck\tstatus\tTable is already up to date'],
          "shop.mem\tcheck\tnote\tThe storage engine for the table doesn't support check",
          "shop.u\tcheck\tError\tTable 'shop.u' doesn't exist in engine",
          'shop.u\tcheck\tstatus\tOperation failed',
          'shop.v\tcheck\tWarning\tInnoDB: The B-tree of index PRIMARY is corrupted.',
          'shop.v\tcheck\terror\tCorrupt',
          '',
        ].join('\n'),
      )
      const { tables } = await drill(guest)
      assert.deepEqual(tables && { ...tables, bad: tables.bad.toSorted((a, b) => (a.table < b.table ? -1 : 1)) }, {
        checked: 2,
        unchecked: 1,
        badCount: 2,
        bad: [
          { table: 'shop.u', message: "Table 'shop.u' doesn't exist in engine" },
          { table: 'shop.v', message: 'InnoDB: The B-tree of index PRIMARY is corrupted.' },
        ],
        error: null,
      })
    })

    test('a table that an older server made is not damaged: it is not checked', async (t) => {
      const guest = await openCopy(shell, t)
      await guest.write(
        'rows',
        [
          'shop.old\tcheck\terror\tTable rebuild required. Please do "ALTER TABLE `old` FORCE" or dump/reload to fix it!',
          'shop.older\tcheck\tstatus\tTable upgrade required. Please do "REPAIR TABLE `older`" or dump/reload to fix it!',
          'shop.t\tcheck\tstatus\tOK',
          '',
        ].join('\n'),
      )
      const { tables } = await drill(guest)
      assert.deepEqual([tables?.checked, tables?.unchecked, tables?.bad], [1, 2, []])
      assert.match(await guest.read('calls'), /table_type IN \('BASE TABLE', 'SYSTEM VERSIONED'\)/)
    })

    test('a server that dies while it checks is no end of the checks', async (t) => {
      const guest = await openCopy(shell, t)
      await guest.write('rows', 'shop.t\tcheck\tstatus\tOK\n')
      const stub = join(guest.root, 'bin/mariadb')
      const text = await readFile(stub, 'utf8')
      const dies = `*"CHECK TABLE"*) cat "$root/rows"; echo 'ERROR 2013 (HY000): Lost connection' >&2; exit 1 ;;`
      await writeFile(stub, text.replace(`*'CHECK TABLE'*) cat "$root/rows" ;;`, dies))
      const { tables } = await drill(guest)
      assert.deepEqual(tables && [tables.checked, tables.error], [1, 'ERROR 2013 (HY000): Lost connection'])
    })

    test('asks each question, and tells how many rows came, the first, and what went wrong', async (t) => {
      const guest = await openCopy(shell, t)
      await guest.write('rows')
      await guest.write('wanted', '1\ttwo "words"\n0\n0\n')
      const { assertions } = await drill(guest, 'assert=SELECT a FROM wanted', 'assert=SELECT a FROM nowhere')
      assert.deepEqual(assertions, [
        { rows: 2, error: null, first: '1 two "words"' },
        { rows: 0, error: "ERROR 1146 (42S02) at line 1: Table 'nowhere' doesn't exist", first: '' },
      ])
    })

    test('reads the markers that are asked for, where root alone writes', async (t) => {
      const guest = await openCopy(shell, t)
      await guest.write('rows')
      await mkdir(join(guest.root, 'data/.stillshot'), { mode: 0o700 })
      await guest.write('data/.stillshot/marker', `${HOLD} boot\n`)
      const path = join(guest.root, 'data/.stillshot/marker')
      const { markers } = await drill(guest, `marker=${path}`, `marker=${path}-not`, 'marker=relative')
      assert.deepEqual(markers, [
        { path, content: `${HOLD} boot` },
        { path: `${path}-not`, content: null },
      ])
    })
  })
}
