import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { wrongArrows } from './architecture/arrows.ts'
import { bannedUses } from './architecture/banned.ts'
import { importCycles } from './architecture/cycles.ts'
import { sharedHooks, wrongForm, wrongNames } from './architecture/form.ts'
import { parseModule } from './architecture/module.ts'
import { packageRows, wrongPackages } from './architecture/packages.ts'
import { boundPackages, foreignPaths } from './architecture/places.ts'
import { largeMedian, longFiles, longFunctions } from './architecture/sizes.ts'
import { isModule, readTree } from './architecture/source-tree.ts'

const root = join(import.meta.dirname, '..')
const files = readTree(root)
const code = files.filter(({ path }) => /^(src|adapters|test|config)\//.test(path))
const modules = code.filter(isModule).map(parseModule)
const product = modules.filter(({ path }) => /^(src|adapters)\//.test(path))

test('imports follow the arrows of the design, types counted', () => {
  assert.ok(product.length > 0)
  assert.deepEqual(wrongArrows(modules), [])
})

test('no imports go in a circle, types counted', () => {
  assert.deepEqual(importCycles(product), [])
})

test('each vendor package is imported in its one folder, and docs/reference/packages.md says why', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const rows = packageRows(readFileSync(join(root, 'docs/reference/packages.md'), 'utf8'))
  assert.deepEqual(wrongPackages(product, Object.keys(dependencies), rows), [])
})

test('src/ takes time, randomness, files and processes from ports', () => {
  assert.deepEqual(bannedUses(modules), [])
})

test('no file of code is longer than 300 lines, and the median not longer than 100', () => {
  assert.deepEqual(longFiles(code), [])
  assert.deepEqual(largeMedian(modules), [])
})

test('fewer than 2 % of the functions are longer than 50 lines', () => {
  assert.deepEqual(longFunctions(modules), [])
})

test('no default exports, barrels, enums, parameter properties or any', () => {
  assert.deepEqual(wrongForm(modules), [])
})

test('hooks of a test file stay in it', () => {
  assert.deepEqual(sharedHooks(modules), [])
})

test('file names say what is inside', () => {
  assert.deepEqual(wrongNames(code), [])
})

test('nothing names a path of a developer’s machine or the host that a package came from', () => {
  assert.deepEqual(foreignPaths(files), [])
  assert.deepEqual(boundPackages(readFileSync(join(root, 'package-lock.json'), 'utf8')), [])
})
