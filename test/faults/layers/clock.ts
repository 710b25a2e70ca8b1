import { existsSync } from 'node:fs'
import { NodeClock } from '../../../adapters/system/node-clock.ts'

/** Loaded before stillshot: the wall clock steps by an hour as soon as the trigger is there; the monotonic one goes on. */
const STEP_MS = process.env.FAULT?.startsWith('clock-back') ? -3_600_000 : 3_600_000
const trigger = process.env.FAULT_TRIGGER ?? ''

NodeClock.prototype.now = () => Date.now() + (existsSync(trigger) ? STEP_MS : 0)
