import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type DescriptionKey, formatDescription, gradeToTrust, readDescription } from '../../src/grade/description.ts'
import { GRADES } from '../../src/grade/grade.ts'
import { idOfSnapshotName, snapshotName } from '../../src/hypervisor/snapshot-name.ts'
import { makeWorld } from '../world/world.ts'
import { anyText } from './mutations.ts'

const KEY: DescriptionKey = Buffer.alloc(32, 7)
const ID = '01JDAAAAAAAAAAAAAAAAAAAAAA'
const claim = {
  version: 1,
  grade: 'db-stopped',
  point: ID,
  run: ID,
  vm: 'db1',
  at: '2027-01-15T07:00:00.000Z',
} as const
const SIGNED = formatDescription(claim, KEY)

describe('descriptions of others', () => {
  test('any single change of a signed one is unverified or no description of ours', () => {
    const sign = fc.oneof(anyText(2, 1), fc.constantFrom('\n', '=', ' ', '0'))
    const kind = fc.constantFrom('replace', 'insert', 'remove', 'cut', 'double')
    fc.assert(
      fc.property(kind, fc.nat(SIGNED.length - 1), sign, (how, at, put) => {
        const rest = SIGNED.slice(at)
        const texts = {
          replace: SIGNED.slice(0, at) + put + rest.slice(1),
          insert: SIGNED.slice(0, at) + put + rest,
          remove: SIGNED.slice(0, at) + rest.slice(1),
          cut: SIGNED.slice(0, at),
          double: SIGNED.slice(0, at) + rest + rest,
        }
        const text = texts[how as keyof typeof texts]
        // Blanks around it are nobody's claim.
        fc.pre(text.trim() !== SIGNED)
        const read = readDescription(text, KEY)
        assert.equal(read?.verified ?? false, false, text)
        assert.equal(gradeToTrust(read, ID), 'suspect')
      }),
      { numRuns: 2_000 },
    )
  })

  test('every letter counts', () => {
    for (let at = 0; at < SIGNED.length; at += 1) {
      const other = SIGNED[at] === 'a' ? 'b' : 'a'
      assert.notEqual(readDescription(SIGNED.slice(0, at) + other + SIGNED.slice(at + 1), KEY)?.verified, true)
    }
  })

  test('no text is verified without the key, and none throws', () => {
    const part = fc.oneof(
      anyText(10),
      fc.constantFrom(
        'stillshot 1 ',
        'grade=',
        ...GRADES,
        ' point=',
        ID,
        ' run=',
        ' vm=',
        '%',
        '%ZZ',
        ' at=',
        ' hmac=',
      ),
      fc.constantFrom('0'.repeat(32), SIGNED.slice(-32), SIGNED, '\u0000', '\ud800', '[removal under way {}] '),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 14 }), fc.uint8Array({ maxLength: 40 }), (parts, otherKey) => {
        const text = parts.join('')
        fc.pre(text.trim() !== SIGNED)
        assert.equal(readDescription(text, KEY)?.verified ?? false, false, text)
        assert.equal(readDescription(SIGNED, otherKey)?.verified, false)
      }),
      { numRuns: 1_000 },
    )
  })

  test('a long text is read soon', () => {
    for (const text of [`stillshot 1 grade=${'a'.repeat(1_000_000)}`, ' '.repeat(1_000_000), SIGNED.repeat(10_000)]) {
      const begunAt = performance.now()
      readDescription(text, KEY)
      assert.ok(performance.now() - begunAt < 1_000)
    }
  })
})

describe('snapshots of others with names like ours', () => {
  const LOOKALIKES = [
    'stillshot-',
    `stillshot-${ID.toLowerCase()}`,
    `stillshot-${ID} `,
    ` stillshot-${ID}`,
    `stillshot-${ID}\n`,
    `stillshot-${ID.slice(1)}`,
    `stillshot-${ID}0`,
    `stillshot-8${ID.slice(1)}`,
    `stillshоt-${ID}`,
    `stillshot‐${ID}`,
    `STILLSHOT-${ID}`,
    `stillshot-${ID.replace('A', 'А')}`,
    `stillshot-${ID.replace('A', 'I')}`,
  ]

  test('are not read as ours', () => {
    assert.equal(idOfSnapshotName(snapshotName(ID)), ID)
    for (const name of LOOKALIKES) assert.equal(idOfSnapshotName(name), undefined, JSON.stringify(name))
    fc.assert(
      fc.property(anyText(40), (text) => {
        const id = idOfSnapshotName(`stillshot-${text}`)
        assert.ok(id === undefined || id === text)
      }),
    )
  })

  test('are still there after runs that succeed, fail and are recovered, whatever is written on them', async () => {
    const world = makeWorld()
    const vm = await world.hypervisor.findVm('db1')
    const first = await world.snapshot()
    const ours = (await world.hypervisor.listSnapshots(vm)).find(({ name }) => name === first.snapshot)
    for (const [index, name] of [...LOOKALIKES, snapshotName(ID)].entries()) {
      const description = [ours?.description ?? '', SIGNED, 'grade=pending', ''][index % 4] ?? ''
      await world.hypervisor.createSnapshot(vm, { name, description })
    }
    const theirs = world.snapshotNames()
    await world.snapshot()
    world.guest.faults.refuseHold = true
    await assert.rejects(world.snapshot())
    await world.recover()
    assert.deepEqual(
      theirs.filter((name) => !world.snapshotNames().includes(name)),
      [],
    )
  })
})
