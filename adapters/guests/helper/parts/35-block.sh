
# === Block: nobody starts what a hold stopped ===
#
# A run-time drop-in gives every held unit and its triggers a condition: RUN/blocked must be empty. Why not a mask, which
# is the usual way? A mask replaces the unit's file, so that its own stop settings (TimeoutStopSec, SendSIGKILL, ExecStop)
# are lost before the stop, and systemd would kill a server that takes longer than the default limit; a mask does not take
# on files in /etc; and taking it away means a reload during the outage. The condition is lifted by emptying one file.
#
# The same drop-in takes systemd's patience limit off the DBMS while it is held: nothing kills it.

DROP_IN=zz-stillshot.conf

# Writes and loads the drop-ins for UNIT… ($1: the DBMS among them, or -), and checks that they took.
block_units() {
  block_dbms=$1
  shift
  [ "$INIT" = systemd ] || return 0
  : >"$RUN/blocked" || return 1
  for block_unit in "$@"; do
    block_directory=$SYSTEMD/$block_unit.d
    [ -d "$block_directory" ] || mkdir -m 0755 "$block_directory" || return 1
    block_text="[Unit]${NL}ConditionFileNotEmpty=!$RUN/blocked$NL"
    if [ "$block_unit" = "$block_dbms" ]; then
      block_text="$block_text[Service]${NL}SendSIGKILL=no${NL}TimeoutStopSec=infinity$NL"
    fi
    printf '%s' "$block_text" >"$block_directory/$DROP_IN" || return 1
  done
  systemctl daemon-reload 9>&- || return 1
}

# The file says whose hold it is, so that a watchdog that comes late does not lift a later hold's block.
close_block() {
  [ "$INIT" != systemd ] || printf '%s\n' "$HOLD" >"$RUN/blocked"
}

lift_block() {
  [ -f "$RUN/blocked" ] || return 0
  lift_block=
  read -r lift_block <"$RUN/blocked"
  [ "$lift_block" != "$HOLD" ] || : >"$RUN/blocked"
}

# Tidies up once everything runs; until then the drop-ins are without effect.
unblock_units() {
  [ "$INIT" = systemd ] || return 0
  unblock_files=
  for unblock_unit in "$@"; do
    unblock_file=$SYSTEMD/$unblock_unit.d/$DROP_IN
    [ ! -f "$unblock_file" ] || unblock_files="$unblock_files $unblock_file"
  done
  [ -n "$unblock_files" ] || return 0
  # shellcheck disable=SC2086 # unit names without blanks
  rm -f $unblock_files
  for unblock_unit in "$@"; do
    rmdir "$SYSTEMD/$unblock_unit.d" 2>/dev/null
  done
  systemctl daemon-reload 9>&-
}
