import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type DrillLimits, drillRefusal } from '../../src/policy/drill-limits.ts'

const GiB = 1024 ** 3
const AT = Date.parse('2027-01-15T23:30:00Z')
const need = { memoryBytes: 2 * GiB, storageBytes: 10 * GiB }
const why = (
  limits: Partial<DrillLimits>,
  others: number,
  atMs = AT,
  mine: Parameters<typeof drillRefusal>[1] = need,
) => drillRefusal({ atOnce: 100, ...limits }, mine, Array(others).fill(need), atMs)

describe('what a drill may take beside the others', () => {
  test('is a place, memory and storage, each by itself', () => {
    assert.equal(why({ atOnce: 2 }, 1), undefined)
    assert.match(why({ atOnce: 2 }, 2)?.why ?? '', /2 drills are under way, and 2 may be at once/)
    assert.equal(why({ memoryBytes: 4 * GiB }, 1), undefined)
    assert.match(why({ memoryBytes: 4 * GiB }, 2)?.why ?? '', /memory/)
    assert.equal(why({ storageBytes: 20 * GiB }, 1), undefined)
    assert.equal(why({ storageBytes: 20 * GiB - 1 }, 1)?.passes, true)
  })

  test('is refused for good where it never fits, or where nobody said what it takes', () => {
    assert.equal(why({ memoryBytes: GiB }, 0)?.passes, false)
    const unsaid = why({ memoryBytes: GiB }, 0, AT, { ...need, memoryBytes: undefined })
    assert.deepEqual([unsaid?.passes, /nobody said/.test(unsaid?.why ?? '')], [false, true])
    assert.equal(why({}, 0, AT, { ...need, memoryBytes: undefined }), undefined)
  })

  test('begins within its hours, by the clock of their time zone, over midnight too', () => {
    const hours = (text: string, timezone = 'UTC') => why({ hours: { text, timezone } }, 0)?.passes ?? false
    assert.deepEqual([hours('22:00-05:00'), hours('23:31-05:00'), hours('05:00-23:30')], [false, true, true])
    assert.deepEqual([hours('05:00-23:31'), hours('00:00-05:00', 'Europe/Paris')], [false, false])
    assert.deepEqual([hours('00:00-00:00'), hours('23:30-23:30')], [false, false])
    assert.equal(hours('00:00-05:00'), true)
  })

  test('all that come in one after another stay within the limits', () => {
    const some = fc.record({ memoryBytes: fc.nat(10), storageBytes: fc.nat(10) })
    const limits = fc.record({
      atOnce: fc.integer({ min: 1, max: 5 }),
      memoryBytes: fc.nat(20),
      storageBytes: fc.nat(20),
    })
    fc.assert(
      fc.property(fc.array(some), limits, (wanted, most) => {
        const inside: typeof wanted = []
        for (const one of wanted) if (drillRefusal(most, one, inside, AT) === undefined) inside.push(one)
        const sum = (key: 'memoryBytes' | 'storageBytes') => inside.reduce((total, one) => total + one[key], 0)
        assert.ok(inside.length <= most.atOnce && sum('memoryBytes') <= most.memoryBytes)
        assert.ok(sum('storageBytes') <= most.storageBytes)
      }),
    )
  })
})
