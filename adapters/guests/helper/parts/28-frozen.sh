
# === Frozen: what froze the guest's file systems for a snapshot, and how that ends when it lasts too long ===
#
# RUN/freezes/SOURCE/ is there from a freeze of this caller to its thaw:
#   id        the hold that the freeze took; or
#   joined    the hold of somebody else that it found open, and is part of
#   called    when it was asked for: wall clock and uptime in milliseconds, uptime in the middle of reading the wall clock, how long that took; not before it has succeeded
#   contended another freeze was asked for meanwhile, by whomever
#   *.json    what probe and hold answered
# RUN/thawed/SOURCE: the hold of this caller's last freeze, and the uptime of its thaw, until it freezes again.

# The record of a freeze of hold $1 in R; false when no freeze goes with it.
find_freeze() {
  set +f
  for find_freeze_path in "$RUN"/freezes/*/id "$RUN"/freezes/*/joined; do
    [ -f "$find_freeze_path" ] && read -r find_freeze_hold <"$find_freeze_path" || continue
    [ "$find_freeze_hold" = "$1" ] || continue
    R=${find_freeze_path%/*}
    set -f
    return 0
  done
  set -f
  return 1
}

# Nothing can be started on a frozen file system: who froze it has had its time. The last one mounted goes first, as the
# agents do it; one that is not frozen says so, and that is all.
thaw_file_systems() {
  find_freeze "$HOLD" && command -v fsfreeze >/dev/null || return 0
  thaw_mounts=
  while read -r thaw_device thaw_mount _; do
    case $thaw_device in /dev/*) thaw_mounts="$thaw_mount$NL$thaw_mounts" ;; esac
  done <"$PROC/self/mounts"
  while read -r thaw_mount; do
    # The kernel writes blanks in a path as \040.
    [ -z "$thaw_mount" ] || timeout -s KILL 10 fsfreeze --unfreeze "$(printf '%b' "$thaw_mount")" 2>/dev/null 9>&-
  done <<END
$thaw_mounts
END
}
