# Takes out what install.sh put in, and puts back what was there before; for root's `sh -s`. May be repeated.
hook=/etc/qemu/fsfreeze-hook
[ ! -s /etc/stillshot/freeze-hook ] || read -r hook </etc/stillshot/freeze-hook
mark='# Written by stillshot guest install --freeze-hook.'
conf=/etc/qemu/qemu-ga.conf
# First: an agent that is sent to a hook that is not there refuses to freeze.
if grep -qsF "$mark" "$conf"; then
  status=0
  grep -vF -e "$mark" -e "fsfreeze-hook=$hook" "$conf" >"$conf.new" || status=$?
  # 1: no other line is left. Above that, as on a full disk, some may be missing.
  [ "$status" -le 1 ] || { rm -f "$conf.new"; echo "$conf cannot be written" >&2; exit 1; }
  mv -f "$conf.new" "$conf"
  [ "$(cat "$conf")" != '[general]' ] || rm -f "$conf"
  if [ -d /run/systemd/system ]; then systemctl try-restart qemu-guest-agent.service || :; fi
fi
rm -f "$hook.d/50-stillshot" "$hook.d/00-before-stillshot"
if [ -e "$hook.before-stillshot" ]; then
  mv -f "$hook.before-stillshot" "$hook"
elif grep -qsF "$mark" "$hook"; then
  rm -f "$hook"
fi
rm -f /etc/vmware-tools/backupScripts.d/50-stillshot
