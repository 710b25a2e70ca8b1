// runs beside other labs
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { execute } from '../../../guests/helper/sandbox.ts'

const SCRIPT = new URL('../../../../../adapters/hypervisors/proxmox/vzdump-hook/stillshot-vzdump.sh', import.meta.url)

test('shellcheck finds nothing in vzdump’s script', async () => {
  const { status, stdout } = await execute('shellcheck', ['-s', 'sh', fileURLToPath(SCRIPT)])
  assert.equal(status, 0, stdout)
})
