import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { GRADES, type Grade, isWorse } from '../../src/grade/grade.ts'
import {
  type Candidate,
  counts,
  decideRetention,
  isLastOfItsGrade,
  type Keep,
  type RetentionPolicy,
} from '../../src/policy/retention.ts'

const policy = (keep: Keep, name = 'nightly'): RetentionPolicy => ({ name, keep, timezone: 'UTC' })

/** `27T02` is that hour of November; a word is the grade, db-stopped unless given. */
function points(...written: readonly string[]): readonly Candidate[] {
  return written.map((text) => {
    const [at = '', grade = 'db-stopped', kind = 'snapshot'] = text.split(' ')
    const [day, hour = '02'] = at.split('T')
    return {
      id: at,
      atMs: Date.parse(`2026-11-${day}T${hour}:00:00Z`),
      grade: grade as Grade,
      kind: kind as 'snapshot',
    }
  })
}

function staying(all: readonly Candidate[], ...policies: readonly RetentionPolicy[]): readonly string[] {
  return decideRetention(all, policies).flatMap(({ id, stays }) => (stays ? [id] : []))
}

describe('what a policy keeps', () => {
  const week = points('20', '21', '22', '23', '24', '25', '26', '27')

  test('the newest so many', () => {
    assert.deepEqual(staying(week, policy({ last: 3 })), ['25', '26', '27'])
    assert.deepEqual(
      staying(week, policy({ last: 100 })),
      week.map(({ id }) => id),
    )
  })

  test('one of each of so many days that have one; a day without one is none of them', () => {
    const twiceADay = points('20T02', '20T14', '22T02', '22T14', '27T02', '27T14')
    assert.deepEqual(staying(twiceADay, policy({ daily: 2 })), ['22T14', '27T14'])
    assert.deepEqual(staying(twiceADay, policy({ hourly: 3 })), ['22T14', '27T02', '27T14'])
  })

  test('of a day the best grade, then the newest', () => {
    const graded = points('26T01 fs-frozen', '26T02', '26T03', '26T04 db-locked', '27T01 db-locked', '27T02 fs-frozen')
    assert.deepEqual(staying(graded, policy({ daily: 2 })), ['26T03', '27T01', '27T02'])
  })

  test('weeks and months together with days: what any of them keeps', () => {
    const kept = staying(points('01', '08', '15', '22', '25', '26', '27'), policy({ daily: 2, weekly: 3, monthly: 1 }))
    assert.deepEqual(kept, ['15', '22', '26', '27'])
  })

  test('nothing older than `within`, counted back from the newest', () => {
    assert.deepEqual(staying(week, policy({ last: 5, withinMs: 48 * 3_600_000 })), ['25', '26', '27'])
    assert.deepEqual(staying(week, policy({ withinMs: 24 * 3_600_000 })), ['26', '27'])
  })

  test('several policies: what any of them keeps, with the reasons of all', () => {
    const fates = decideRetention(week, [policy({ last: 1 }, 'a'), policy({ daily: 2 }, 'b')])
    assert.deepEqual(fates.at(-1), {
      id: '27',
      stays: true,
      reasons: [
        { code: 'last', message: 'a: of the newest 1' },
        { code: 'daily', message: 'b: daily, 2026-11-27' },
        { code: 'last-of-its-grade', message: 'nothing newer is as good' },
      ],
    })
    assert.deepEqual([fates.at(-2)?.stays, fates.at(-3)?.stays], [true, false])
  })

  test('everything, where there is no policy', () => {
    assert.deepEqual(
      staying(week),
      week.map(({ id }) => id),
    )
    assert.equal(decideRetention(week, [])[0]?.reasons[0]?.code, 'no-policy')
  })

  test('only the last good one, where it keeps none', () => {
    assert.deepEqual(staying(week, policy({ last: 0 })), ['27'])
  })
})

describe('points that do not count', () => {
  test('suspect and crash-only ones take no place of a good one', () => {
    const all = points('24', '25', '26', '26T12 suspect', '27 crash-only', '27T12 suspect')
    assert.deepEqual(staying(all, policy({ last: 2 })), ['25', '26', '27', '27T12'])
  })

  test('they go when a newer one is as good', () => {
    const fates = decideRetention(points('25 suspect', '26 crash-only', '27'), [policy({ last: 5 })])
    assert.deepEqual(
      fates.map(({ stays }) => stays),
      [false, false, true],
    )
    assert.equal(fates[0]?.reasons[0]?.code, 'does-not-count')
  })

  test('the way back behind a restore stays as long as a point from before it', () => {
    const all = points('25', '26', '26T03 crash-only safety', '26T12 crash-only safety', '27', '28')
    assert.deepEqual(staying(all, policy({ last: 3 })), ['26', '26T03', '26T12', '27', '28'])
    assert.deepEqual(staying(all, policy({ last: 2 })), ['27', '28'])
  })
})

const grade = fc.constantFrom(...GRADES)
const candidates = fc
  .array(fc.record({ hours: fc.integer({ min: 0, max: 2_000 }), grade, safety: fc.boolean() }), { maxLength: 30 })
  .map((list) =>
    list
      .toSorted((a, b) => a.hours - b.hours)
      .map(({ hours, grade: given, safety }, index): Candidate => {
        const kind = safety ? 'safety' : 'snapshot'
        return { id: `p${index}`, atMs: 1_795_000_000_000 + hours * 3_600_000, grade: given, kind }
      }),
  )
const number = fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined })
const keeps = fc
  .record({
    last: number,
    hourly: number,
    daily: number,
    weekly: number,
    monthly: number,
    withinMs: fc.option(fc.integer({ min: 0, max: 2_000 * 3_600_000 }), { nil: undefined }),
  })
  .map((keep) => Object.fromEntries(Object.entries(keep).filter(([, value]) => value !== undefined)) as Keep)
const policies = fc.array(
  keeps.map((keep) => policy(keep)),
  { minLength: 1, maxLength: 3 },
)

describe('whatever the points and the policies are', () => {
  test('for every point that goes, a newer one that stays is as good', () => {
    fc.assert(
      fc.property(candidates, policies, (all, some) => {
        const kept = staying(all, ...some)
        for (const [index, point] of all.entries()) {
          if (kept.includes(point.id)) continue
          const newer = all.slice(index + 1).filter(({ id }) => kept.includes(id))
          assert.ok(
            newer.some(
              ({ grade, kind }) => !isWorse(grade, point.grade) && (kind === 'snapshot' || point.kind === kind),
            ),
            `${point.id} was the last of its grade`,
          )
        }
      }),
    )
  })

  test('`last` keeps so many that count', () => {
    fc.assert(
      fc.property(candidates, fc.integer({ min: 1, max: 6 }), (all, last) => {
        const kept = staying(all, policy({ last }))
        const good = all.filter(counts).slice(-last)
        assert.deepEqual(
          good.filter(({ id }) => !kept.includes(id)),
          [],
        )
      }),
    )
  })

  test('one more point that does not count takes no good one', () => {
    const worse = fc.constantFrom<Grade>('crash-only', 'suspect')
    fc.assert(
      fc.property(candidates, policies, worse, fc.nat(), (all, some, bad, place) => {
        const at = place % (all.length + 1)
        const atMs = all[at]?.atMs ?? (all.at(-1)?.atMs ?? 0) + 1
        const more = [...all.slice(0, at), { id: 'bad', atMs, grade: bad, kind: 'snapshot' as const }, ...all.slice(at)]
        const goodOf = (list: readonly Candidate[]) => {
          const kept = staying(list, ...some)
          return list.filter((point) => counts(point) && kept.includes(point.id)).map(({ id }) => id)
        }
        assert.deepEqual(goodOf(more), goodOf(all))
      }),
    )
  })

  test('one more policy takes nothing, and what stayed stays when it is decided again', () => {
    fc.assert(
      fc.property(candidates, policies, keeps, (all, some, keep) => {
        const kept = staying(all, ...some)
        const withMore = staying(all, ...some, policy(keep, 'another'))
        assert.deepEqual(
          kept.filter((id) => !withMore.includes(id)),
          [],
        )
        assert.deepEqual(
          staying(
            all.filter(({ id }) => kept.includes(id)),
            ...some,
          ),
          kept,
        )
      }),
    )
  })

  test('every fate has its reasons, in the order of the points', () => {
    fc.assert(
      fc.property(candidates, policies, (all, some) => {
        const fates = decideRetention(all, some)
        assert.deepEqual(
          fates.map(({ id }) => id),
          all.map(({ id }) => id),
        )
        assert.ok(fates.every(({ reasons }) => reasons.length > 0))
        assert.ok(all.every((point, index) => !isLastOfItsGrade(point, all) || fates[index]?.stays))
      }),
    )
  })
})
