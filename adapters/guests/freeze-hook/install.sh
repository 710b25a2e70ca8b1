# Installs the hooks by which qemu-guest-agent and VMware Tools call the helper's freeze and thaw; for root's `sh -s`, after
# lines that set PROFILE, TTL, START (milliseconds) and SELINUX (ask or allow). Says what it found and did, one fact a line:
# name, tabulator, value. What was there before is kept beside ours. May be repeated.
set -eu
umask 022
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
HELPER=/usr/local/sbin/stillshot-guest
MARK='# Written by stillshot guest install --freeze-hook.'

fact() { printf '%s\t%s\n' "$1" "$2"; }

# place PATH MODE: standard input becomes the file, whole or not at all.
place() {
  cat >"$1.new"
  chown 0:0 "$1.new"
  chmod "$2" "$1.new"
  mv -f "$1.new" "$1"
}

place /etc/stillshot/freeze 0644 <<END
stillshot-freeze 1
profile $PROFILE
ttl $TTL
start $START
END

# --- qemu-guest-agent

# The words that the running agent was started with, one a line. Anybody may call a process so, and would choose by its words
# what root writes where: so only root's own counts, whatever the owner of its folder in /proc is.
agent_words() {
  for process in /proc/[0-9]*; do
    { read -r name <"$process/comm"; } 2>/dev/null || continue
    [ "$name" = qemu-ga ] && grep -Eqs '^Uid:[[:space:]]+0[[:space:]]+0[[:space:]]' "$process/status" || continue
    tr '\0' '\n' <"$process/cmdline"
  done
}

# Where the agent looks for its hook: CONF, HOOK, and whether it is told to (ENABLED).
find_hook() {
  CONF=/etc/qemu/qemu-ga.conf HOOK=/etc/qemu/fsfreeze-hook ENABLED=no
  [ ! -d /etc/qemu-ga ] || HOOK=/etc/qemu-ga/fsfreeze-hook
  words=$(agent_words)
  fact agent "$([ -n "$words" ] && echo running || echo installed)"
  word=$(printf '%s\n' "$words" | grep -E '^(-F|--fsfreeze-hook)' | head -n 1 || :)
  [ -n "$word" ] || word=$(grep -Es '^[[:space:]]*fsfreeze-hook[[:space:]]*=' "$CONF" | head -n 1 || :)
  [ -n "$word" ] || return 0
  ENABLED=yes
  path=${word#-F}
  path=${path#*=}
  path=$(printf '%s' "$path" | tr -d '[:space:]')
  case $path in /*) HOOK=$path ;; esac
}

# Ours fails when one of its hooks fails; those that come with the agent end well whatever their hooks did, so that a
# snapshot would be taken of a running server and called frozen. A hook of the admin's own goes on being called.
install_dispatcher() {
  mkdir -p "$HOOK.d"
  if [ -e "$HOOK" ] && ! grep -qF "$MARK" "$HOOK"; then
    cp -p "$HOOK" "$HOOK.before-stillshot"
    grep -qF fsfreeze-hook.d "$HOOK" || {
      cp -p "$HOOK" "$HOOK.d/00-before-stillshot"
      chmod 0755 "$HOOK.d/00-before-stillshot"
    }
    fact before "$HOOK.before-stillshot"
  fi
  {
    printf '#!/bin/sh\n%s\n' "$MARK"
    cat <<'END'
# Calls what is in fsfreeze-hook.d: to freeze in the order of the names, to thaw in reverse. When one cannot freeze, those
# before it are thawed and this fails, because the agent then asks for no thaw.
act=${1-}
case $act in
  freeze | thaw) ;;
  *) exit 2 ;;
esac
set --
for each in "$0.d"/*; do
  case $each in *~ | *.bak | *.orig | *.rpmnew | *.rpmsave | *.dpkg-* | *.sample) continue ;; esac
  [ -f "$each" ] && [ -x "$each" ] || continue
  if [ "$act" = freeze ]; then set -- "$@" "$each"; else set -- "$each" "$@"; fi
done
status=0 frozen=
for each in "$@"; do
  if "$each" "$act" </dev/null; then
    frozen="$each
$frozen"
    continue
  fi
  status=1
  [ "$act" = thaw ] || break
done
if [ "$act" = freeze ] && [ "$status" -ne 0 ]; then
  while read -r each; do
    [ -z "$each" ] || "$each" thaw </dev/null
  done <<LIST
$frozen
LIST
fi
exit "$status"
END
  } | place "$HOOK" 0755
  place "$HOOK.d/50-stillshot" 0755 <<END
#!/bin/sh
$MARK
exec $HELPER "\${1-}" qemu-guest-agent
END
}

# The agent reads its configuration when it starts; it is restarted only when there was something to tell it.
enable_hook() {
  [ "$ENABLED" = no ] || return 0
  mkdir -p "${CONF%/*}"
  [ -e "$CONF" ] || : >"$CONF"
  grep -Eq '^\[general\]' "$CONF" || printf '[general]\n' >>"$CONF"
  # shellcheck disable=SC2094 # it is written beside the file that is read
  while IFS= read -r line || [ -n "$line" ]; do
    printf '%s\n' "$line"
    case $line in '[general]'*) printf '%s\nfsfreeze-hook=%s\n' "$MARK" "$HOOK" ;; esac
  done <"$CONF" | place "$CONF" 0644
  if command -v systemctl >/dev/null && [ -d /run/systemd/system ]; then
    systemctl try-restart qemu-guest-agent.service
  elif [ -x /etc/init.d/qemu-guest-agent ]; then
    /etc/init.d/qemu-guest-agent restart >/dev/null
  fi
  fact enabled "$CONF"
}

# Where SELinux confines the agent, its hooks may neither stop services nor write below /var/lib.
look_at_selinux() {
  command -v getenforce >/dev/null && [ "$(getenforce)" = Enforcing ] || return 0
  ! command -v restorecon >/dev/null || restorecon -R "$HOOK" "$HOOK.d"
  boolean=$(getsebool virt_qemu_ga_run_unconfined 2>/dev/null || :)
  case $boolean in
    *on)
      fact selinux allowed
      return 0
      ;;
    '')
      fact selinux unknown
      return 0
      ;;
  esac
  if [ "$SELINUX" = allow ]; then
    setsebool -P virt_qemu_ga_run_unconfined on
    fact selinux allowed
  else
    fact selinux asks
  fi
}

if command -v qemu-ga >/dev/null; then
  find_hook
  install_dispatcher
  enable_hook
  look_at_selinux
  printf '%s\n' "$HOOK" | place /etc/stillshot/freeze-hook 0644
  fact hook "$HOOK"
fi

# --- VMware Tools: a script that fails to freeze fails the quiesced snapshot; it is then asked nothing more

if [ -d /etc/vmware-tools ]; then
  mkdir -p /etc/vmware-tools/backupScripts.d
  place /etc/vmware-tools/backupScripts.d/50-stillshot 0755 <<END
#!/bin/sh
$MARK
case \${1-} in
  freeze) exec $HELPER freeze vmware-tools ;;
  thaw) exec $HELPER thaw vmware-tools ;;
  # The second one says that nothing was frozen: what the first one kept is evidence of nothing.
  freezeFail) $HELPER thaw vmware-tools && exec $HELPER thaw vmware-tools ;;
esac
END
  fact vmware /etc/vmware-tools/backupScripts.d/50-stillshot
fi
