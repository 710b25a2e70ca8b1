import { isAgentError, type Machine } from '../proxmox/machines/machine.ts'
import type { InGuest } from './in-guest.ts'

/** As open-vm-tools run them: in the order of strcmp, and back to front once one has failed or all is over. */
const SCRIPTS = `cd /etc/vmware-tools/backupScripts.d 2>/dev/null || exit 0
export LC_ALL=C
run() { sh -c "\\"$PWD/$1\\" $2" </dev/null >/dev/null 2>&1; }
back() { for each in $2; do run "$each" "$1"; done; }
if [ "$1" != freeze ]; then back "$1" "$(ls | sort -r)"; exit 0; fi
frozen=
for script in *; do
  [ -f "$script" ] || continue
  if run "$script" freeze; then frozen="$script $frozen"; else back freezeFail "$frozen"; exit 1; fi
done`

/** VMware Tools' part of a quiesced snapshot. The lab's agent freezes in their place; scripts run where Tools run anything. */
export async function quiesce(
  { machine, inGuest }: { readonly machine: Machine; readonly inGuest?: InGuest },
  act: 'freeze' | 'thaw',
): Promise<void> {
  const scripts = async (word: string) => (await inGuest?.(SCRIPTS, [word]))?.status ?? 0
  if (act === 'freeze' && (await scripts('freeze')) !== 0) throw new Error('a freeze script failed')
  const answer = await machine.askAgent(`guest-fsfreeze-${act}`)
  const failed = answer === undefined || isAgentError(answer)
  if (act === 'thaw') await scripts('thaw')
  else if (failed) await scripts('freezeFail')
  if (failed) throw new Error(`the guest did not ${act}`)
}
