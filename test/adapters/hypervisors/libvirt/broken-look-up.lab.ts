// runs beside other labs
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { VirshSession } from '../../../../adapters/hypervisors/libvirt/virsh-session.ts'
import { rejectsWith } from '../../../conformance/hypervisor/under-test.ts'

/** A prompt like virsh's, which complains of each command with the next of `complaints`; '' is a good answer. */
async function openSession(t: TestContext, complaints: readonly string[]): Promise<VirshSession> {
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-virsh-'))
  const program = join(folder, 'virsh')
  const script = `#!/bin/sh
set -f
while IFS= read -r line; do
  IFS=';'
  for command in $line; do
    case $command in
      '') ;;
      'echo --err '*) printf '%s\\n' "\${command#echo --err }" | tr -d '\\\\' >&2 ;;
      'echo '*) printf '%s\\n' "\${command#echo }" | tr -d '\\\\' ;;
      *)
        IFS= read -r complaint <&3
        [ -z "$complaint" ] || printf 'error: %s\\n' "$complaint" >&2
        ;;
    esac
  done
done 3<${folder}/complaints
`
  await writeFile(join(folder, 'complaints'), `${complaints.join('\n')}\n`)
  await writeFile(program, script, { mode: 0o755 })
  const session = new VirshSession({ uri: 'test:///default', program, environment: { PATH: process.env.PATH ?? '' } })
  t.after(() => {
    session.close()
    return rm(folder, { recursive: true })
  })
  return session
}

const NOT_THERE = "failed to get domain 'db1'"
const start = (session: VirshSession) => session.run([['start', 'db1']], { doing: 'start db1', change: true })

test('a VM that is looked for while the connection breaks is unreachable, not gone', async (t) => {
  await rejectsWith('hypervisor-unreachable', start(await openSession(t, [NOT_THERE, ''])))
  const refused = 'Failed to reconnect to the hypervisor: Failed to connect socket'
  await rejectsWith('hypervisor-unreachable', start(await openSession(t, [NOT_THERE, refused])))
})

test('a VM that is not there when it is looked for again is not found', async (t) => {
  await rejectsWith('vm-not-found', start(await openSession(t, [NOT_THERE, NOT_THERE])))
  assert.deepEqual(await start(await openSession(t, [''])), [''])
})
