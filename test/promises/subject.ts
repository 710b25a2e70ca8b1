import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { GuestUnderTest } from '../labs/guest-under-test.ts'
import { type Lab, openLab } from '../labs/lab.ts'
import type { LabGuest } from '../labs/lab-guest.ts'
import { StillshotCli } from '../labs/stillshot-cli.ts'

/** A real guest with the helper in it, and stillshot configured for it. */
export interface Subject {
  readonly lab: Lab
  readonly guest: LabGuest
  readonly cli: StillshotCli
}

export async function openSubject(
  name: string,
  settings: { hold?: string; vmMore?: string; more?: string } = {},
): Promise<Subject> {
  const lab = await openLab({ log: () => {} })
  const guest = await lab.guest(name)
  const cli = await StillshotCli.make(lab, guest, settings)
  await cli.installHelper(guest)
  return { lab, guest, cli }
}

/** What `stillshot --json` prints when a command fails. */
export interface FailedDocument {
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string }
  readonly failed?: readonly { readonly code: string; readonly message: string; readonly hint: string }[]
}

export interface PointsDocument {
  readonly points: readonly RestorePoint[]
}

/** Changes whenever the server is started, by whomever. */
export async function invocation(guest: GuestUnderTest): Promise<string> {
  return (await guest.run('systemctl show -p InvocationID --value mariadb')).trim()
}

/** True when the server answers. */
export async function answers(guest: GuestUnderTest): Promise<boolean> {
  return (await guest.try('mariadb -N -e "SELECT 1"')).stdout.trim() === '1'
}
