import assert from 'node:assert/strict'
import type { GuestUnderTest } from './guest-under-test.ts'

/** Looks again and again while something is under way; fails when the database runs in the middle of it. Gives how often it looked. */
export async function looksWhileDown(
  guest: GuestUnderTest,
  isUnderWay: () => boolean | Promise<boolean>,
): Promise<number> {
  let looks = 0
  while (await isUnderWay()) {
    const { stdout } = await guest.try('systemctl is-active mariadb')
    if (await isUnderWay()) assert.notEqual(stdout.trim(), 'active', 'the database runs meanwhile')
    looks += 1
  }
  return looks
}
