# Takes out what install.sh put in, and puts back what was there before; for root's `sh -s`. May be repeated.
for hook in /etc/qemu/fsfreeze-hook /etc/qemu-ga/fsfreeze-hook; do
  rm -f "$hook.d/50-stillshot" "$hook.d/00-before-stillshot"
  if [ -e "$hook.before-stillshot" ]; then
    mv -f "$hook.before-stillshot" "$hook"
  elif grep -qs 'stillshot guest install --freeze-hook' "$hook"; then
    rm -f "$hook"
  fi
done
# The agent must not be sent to a hook that is not there: it would then refuse to freeze.
conf=/etc/qemu/qemu-ga.conf
if [ -e "$conf.before-stillshot" ]; then
  mv -f "$conf.before-stillshot" "$conf"
elif [ -e "$conf" ] && [ "$(tr -d '\n' <"$conf")" = '[general]fsfreeze-hook=/etc/qemu/fsfreeze-hook' ]; then
  rm -f "$conf"
fi
rm -f /etc/vmware-tools/backupScripts.d/50-stillshot
