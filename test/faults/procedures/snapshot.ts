import { waitFor } from '../../labs/wait-for.ts'
import { line, type Procedure } from '../procedure.ts'

export const snapshot: Procedure = {
  name: 'snapshot',
  journalled: 'take-snapshot',
  boundaries: [
    { name: 'preflight', reached: line('done', 'lock') },
    { name: 'drain', reached: line('intent', 'drain') },
    { name: 'hold', reached: line('intent', 'hold') },
    {
      name: 'stop',
      reached: line('intent', 'hold'),
      // The helper's own journal: the server is being stopped from here on.
      andThen: async ({ guest }) => {
        await waitFor(
          async () =>
            (await guest.run('tail -qn 1 /run/stillshot/holds/*/states 2>/dev/null || :')).includes('stopping')
              ? true
              : undefined,
          { what: 'the helper to stop the server', timeoutMs: 20_000, everyMs: 20 },
        )
      },
    },
    { name: 'snapshot', reached: line('done', 'hold'), layer: 'after-injection.ts' },
    { name: 'release', reached: line('done', 'create-snapshot') },
    { name: 'come-back', reached: line('done', 'release') },
    { name: 'grade', reached: line('intent', 'label') },
    { name: 'after', reached: line('intent', 'unlock') },
  ],
  command: async ({ cli }) => ['snapshot', cli.vm],
}
