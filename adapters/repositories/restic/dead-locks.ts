import { hostname } from 'node:os'
import { type ResticAccess, resticText } from './restic-program.ts'

/**
 * Takes locks away that a dead restic of this machine has left, and only when no other lock is there: whether a process of
 * another machine lives cannot be seen from here. Resolves with whether there was something to take away.
 */
export async function removeDeadLocks(access: ResticAccess, signal?: AbortSignal): Promise<boolean> {
  const ids = (await resticText(access, ['list', 'locks', '--no-lock'], { signal })).split('\n').filter(Boolean)
  const dead = await Promise.all(ids.map((id) => isDead(access, id, signal)))
  if (dead.length === 0 || dead.includes(false)) return false
  // restic looks again, by the same rule: a lock whose process lives stays.
  await resticText(access, ['unlock'], { signal })
  return true
}

async function isDead(access: ResticAccess, id: string, signal?: AbortSignal): Promise<boolean> {
  const text = await resticText(access, ['cat', 'lock', id, '--no-lock'], { signal }).catch(() => '{}')
  const { hostname: host, pid } = JSON.parse(text) as { hostname?: unknown; pid?: unknown }
  return host === hostname() && typeof pid === 'number' && pid > 0 && !isAlive(pid)
}

/** A process that is somebody else's is one, too. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return (thrown as { code?: unknown }).code !== 'ESRCH'
  }
}
