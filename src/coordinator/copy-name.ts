import { StillshotError } from '../errors.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * Rejects with `usage` what a copy cannot be called: a name must be one on every hypervisor, in every shell and in every DNS, must
 * not be read as an id, and must not look like what is removed by itself.
 */
export function checkCopyName(name: string): void {
  const refuse = (why: string) =>
    new StillshotError('usage', `a copy cannot be called ${JSON.stringify(name.slice(0, 80))}: ${why}`, {
      hint: 'such as db1-rescue: letters, digits and hyphens, 63 at most',
    })
  if (!/^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(name)) {
    throw refuse(
      'its name must be letters, digits and hyphens, begin and end with a letter or digit, and have at most 63',
    )
  }
  if (/^\d+$/.test(name) || UUID.test(name)) throw refuse('it would be taken for an id')
  if (/^stillshot-/i.test(name)) throw refuse('names that begin with stillshot- are those of copies that are not kept')
}
