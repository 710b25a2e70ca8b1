import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { generatedFiles } from '../../config/generate.ts'
import { loadSettings } from '../../src/config/load.ts'
import { hostWith } from './good-config.ts'

const ROOT = join(import.meta.dirname, '../..')

test('generated files are as `npm run generate` makes them now', async () => {
  for (const [path, content] of Object.entries(await generatedFiles())) {
    assert.equal(readFileSync(join(ROOT, path), 'utf8'), content, `${path}: run npm run generate`)
  }
})

test('the annotated example is a valid configuration', async () => {
  const example = readFileSync(join(ROOT, 'config/stillshot.example.yaml'), 'utf8')
  const settings = await loadSettings(hostWith(example))
  assert.deepEqual(Object.keys(settings.hypervisors), ['kvm', 'pve', 'vc'])
})
