// Begins as src/stillshot.js does: small memory, and a cache of compiled code in the folder of the first word.
import { enableCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'

for (const flag of ['--semi-space-growth-factor=1', '--single-threaded-gc']) setFlagsFromString(flag)
enableCompileCache(process.argv[2])
await import('./stream-once.ts')
