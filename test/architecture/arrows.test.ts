import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wrongArrows } from './arrows.ts'
import { treeOf } from './tree.ts'

const wrong: Readonly<Record<string, [path: string, imports: string]>> = {
  'the coordinator imports a command': ['src/coordinator/a.ts', '../cli/b.ts'],
  'the saga imports the coordinator': ['src/saga/a.ts', '../coordinator/b.ts'],
  'a port imports the saga': ['src/hypervisor/a.ts', '../saga/b.ts'],
  'grading imports a port': ['src/grade/a.ts', '../hypervisor/b.ts'],
  'errors import anything': ['src/errors.ts', './system/b.ts'],
  'the command line imports an adapter': ['src/cli/a.ts', '../../adapters/guests/ssh/b.ts'],
  'the command line imports the daemon': ['src/cli/a.ts', '../daemon/b.ts'],
  'a port imports an adapter': ['src/catalog/a.ts', '../../adapters/catalogs/sqlite/b.ts'],
  'an adapter imports another of its kind': ['adapters/guests/ssh/a.ts', '../fake/b.ts'],
  'an adapter imports one of another kind': ['adapters/hypervisors/libvirt/a.ts', '../../guests/ssh/b.ts'],
  'an adapter imports a fake that lies below it': ['adapters/system/a.ts', './fake/b.ts'],
  'what adapters stand on imports an adapter': ['adapters/https/a.ts', '../hypervisors/proxmox/b.ts'],
  'the command line imports what adapters stand on': ['src/cli/a.ts', '../../adapters/https/b.ts'],
  'an adapter imports the coordinator': ['adapters/guests/ssh/a.ts', '../../../src/coordinator/b.ts'],
  'an adapter imports the saga': ['adapters/guests/ssh/a.ts', '../../../src/saga/b.ts'],
  'an adapter imports the policy': ['adapters/guests/ssh/a.ts', '../../../src/policy/b.ts'],
  'the product imports a test': ['src/cli/a.ts', '../../test/b.ts'],
  'a folder without a row imports something': ['src/novelty/a.ts', '../errors.ts'],
}

for (const [name, [path, imports]] of Object.entries(wrong)) {
  test(`wrong: ${name}`, () => {
    assert.equal(wrongArrows(treeOf({ [path]: `import '${imports}'` })).length, 1)
    assert.equal(wrongArrows(treeOf({ [path]: `import type { T } from '${imports}'` })).length, 1)
    assert.equal(wrongArrows(treeOf({ [path]: `let t: import('${imports}').T` })).length, 1)
  })
}

test('wrong: an import that is computed', () => {
  assert.equal(wrongArrows(treeOf({ 'src/main.ts': 'await import(name)' })).length, 1)
})

test('right: every arrow of the design', () => {
  const tree = treeOf({
    'src/main.ts': "import '../adapters/guests/ssh/b.ts'; await import('./cli/b.ts'); import './coordinator/c.ts'",
    'src/cli/a.ts':
      "import '../coordinator/b.ts'; import '../errors.ts'; import '../catalog/catalog.ts'; import './b.ts'",
    'src/coordinator/a.ts': "import '../saga/b.ts'; import '../grade/b.ts'; import '../guest/deep/b.ts'",
    'src/saga/a.ts': "import '../errors.ts'; import '../system/clock.ts'",
    'adapters/guests/ssh/a.ts':
      "import 'ssh2'; import './deep/b.ts'; import '../../../src/guest/b.ts'; import 'node:fs'",
    'adapters/hypervisors/proxmox/a.ts': "import '../../https/b.ts'",
    'test/a.test.ts': "import '../adapters/guests/ssh/b.ts'; import '../src/cli/b.ts'",
  })
  assert.deepEqual(wrongArrows(tree), [])
})
