import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { virshEnvironment } from '../../../../adapters/hypervisors/libvirt/virsh-environment.ts'
import { VirshSession } from '../../../../adapters/hypervisors/libvirt/virsh-session.ts'
import { rejectsWith } from '../../../conformance/hypervisor/under-test.ts'
import { testLibvirt } from './open-libvirt.ts'

const { uri } = await testLibvirt()
const session = new VirshSession({ uri, program: 'virsh', environment: virshEnvironment(process.env) })
const doing = 'test'
/** Waits for an event that never comes. */
const FOR_EVER = ['event', '--event', 'lifecycle', '--loop']

describe('a held-open virsh', () => {
  after(() => session.close())

  test('words arrive as they were given, whatever they are', async () => {
    const words = ['it\'s; \\ "q" !! $HOME `id`', 'é ✓ 漢字', '--err', ' two  blanks ', 'x'.repeat(5000)]
    for (const word of words) {
      const [output] = await session.run([['echo', '--shell', '--', word]], { doing })
      assert.ok(output?.includes(word.trim().replaceAll("'", `'\\''`)), `${word} came back as ${output}`)
    }
  })

  test('blanks at the ends of an answer stay: a name may have them', async () => {
    assert.deepEqual(
      await session.run(
        [
          ['echo', '--', ' one '],
          ['echo', '--', ' two'],
        ],
        { doing },
      ),
      [' one ', ' two'],
    )
  })

  test('each command of one exchange has its own output, and a failure of one fails all', async () => {
    assert.deepEqual(await session.run([['echo', 'one'], ['echo'], ['echo', 'three']], { doing }), ['one', '', 'three'])
    const mixed = session.run(
      [
        ['echo', 'one'],
        ['domstate', 'none'],
        ['echo', 'three'],
      ],
      { doing },
    )
    await rejectsWith('vm-not-found', mixed)
  })

  test('the first failure of an exchange counts, not what follows from it', async () => {
    const both = session.run(
      [
        ['snapshot-dumpxml', 'none', 's1'],
        ['net-info', 'none'],
      ],
      { doing },
    )
    await rejectsWith('vm-not-found', both)
    const other = session.run(
      [
        ['net-info', 'none'],
        ['domstate', 'none'],
      ],
      { doing },
    )
    await rejectsWith('hypervisor-refused', other)
  })

  test('a command that virsh does not know is refused, and the next one works', async () => {
    await rejectsWith('hypervisor-refused', session.run([['no-such-command']], { doing }))
    await rejectsWith('hypervisor-refused', session.run([['domstate', 'x', '--no-such-option']], { doing }))
    assert.deepEqual(await session.run([['echo', 'on']], { doing }), ['on'])
  })

  test('a time-out ends a question as unreachable and a change as answer-lost', async () => {
    await rejectsWith('hypervisor-unreachable', session.run([FOR_EVER], { doing, timeoutMs: 200 }))
    await rejectsWith('answer-lost', session.run([FOR_EVER], { doing, timeoutMs: 200, change: true }))
    assert.deepEqual(await session.run([['echo', 'on']], { doing }), ['on'])
  })

  test('an abort ends what was sent and what waits, at once', async () => {
    const first = new AbortController()
    const second = new AbortController()
    const sent = session.run([FOR_EVER], { doing, signal: first.signal, change: true })
    const waiting = session.run([['echo', 'never']], { doing, signal: second.signal, change: true })
    second.abort()
    await rejectsWith('cancelled', waiting)
    await rejectsWith('cancelled', session.run([['echo', 'never']], { doing, signal: second.signal }))
    setTimeout(() => first.abort(), 100)
    await rejectsWith('answer-lost', sent)
    assert.deepEqual(await session.run([['echo', 'on']], { doing }), ['on'])
  })
})
