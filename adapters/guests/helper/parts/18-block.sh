
# === Block: nobody starts what a hold stopped ===
#
# A run-time drop-in gives every held unit and its triggers a condition: RUN/blocked must be empty. Why not a mask, which
# is the usual way? A mask replaces the unit's file, so that its own stop settings (TimeoutStopSec, SendSIGKILL, ExecStop)
# are lost before the stop, and systemd would kill a server that takes longer than the default limit; a mask does not take
# on files in /etc; and taking it away means a reload during the outage. The condition is lifted by emptying one file.
#
# A DBMS that systemd would kill when it is slow to stop has that limit taken off by the same drop-in while it is held.
#
# The drop-in stays until the next boot: it does nothing while no hold is open, and a reload of systemd, which takes
# seconds on a busy machine, is then needed for the first hold only. With the limit taken off it is removed at the end.

DROP_IN=zz-stillshot.conf
CONDITION="[Unit]${NL}ConditionFileNotEmpty=!$RUN/blocked$NL"
UNLIMITED="[Service]${NL}SendSIGKILL=no${NL}TimeoutStopSec=infinity$NL"

# block_units KILLED UNIT…: writes the drop-ins and loads them, and checks that they took. KILLED is the unit that systemd
# would kill, or -. Redirections are of printf, never of `:`: a shell ends when one fails for a special builtin.
block_units() {
  [ "$INIT" = systemd ] || return 0
  block_killed=$1 block_reload=no
  shift
  printf '' 2>/dev/null >"$RUN/blocked" || return 1
  for block_unit in "$@"; do
    block_text=$CONDITION
    [ "$block_unit" != "$block_killed" ] || block_text=$CONDITION$UNLIMITED
    read_drop_in "$block_unit"
    # An earlier hold's, whose server was still stopping: that systemd would not kill it is this drop-in's doing.
    [ "$R" != "$CONDITION$UNLIMITED" ] || block_text=$R
    [ "$R" != "$block_text" ] || continue
    block_reload=yes
    [ -d "$SYSTEMD/$block_unit.d" ] || mkdir -m 0755 "$SYSTEMD/$block_unit.d" || return 1
    printf '%s' "$block_text" >"$SYSTEMD/$block_unit.d/$DROP_IN" || return 1
  done
  [ "$block_reload" = yes ] || ! blocks_took "$@" || return 0
  systemctl daemon-reload 9>&- && blocks_took "$@"
}

# True when systemd has loaded the drop-in of every UNIT as it is now, and no other setting undoes its limit.
blocks_took() {
  show_units "$@"
  for block_unit in "$@"; do
    next_block || BLOCK=''
    property DropInPaths
    contains "$R" "$SYSTEMD/$block_unit.d/$DROP_IN" || return 1
    property NeedDaemonReload
    [ "$R" = no ] || return 1
    read_drop_in "$block_unit"
    [ "$R" = "$CONDITION$UNLIMITED" ] || continue
    property SendSIGKILL
    blocks_took=$R
    property TimeoutStopUSec
    [ "$blocks_took/$R" = no/infinity ] || return 1
  done
}

read_drop_in() {
  R=
  [ -f "$SYSTEMD/$1.d/$DROP_IN" ] || return 0
  while IFS= read -r read_drop_in; do
    R=$R$read_drop_in$NL
  done <"$SYSTEMD/$1.d/$DROP_IN"
}

# The file says whose hold it is, so that a watchdog that comes late does not lift a later hold's block.
close_block() {
  [ "$INIT" != systemd ] || printf '%s\n' "$HOLD" >"$RUN/blocked"
}

lift_block() {
  [ -f "$RUN/blocked" ] || return 0
  lift_block=
  read -r lift_block <"$RUN/blocked"
  [ "$lift_block" != "$HOLD" ] || printf '' >"$RUN/blocked"
}

# Puts the limit back once everything runs.
unblock_units() {
  [ "$INIT" = systemd ] || return 0
  unblock_reload=no
  for unblock_unit in "$@"; do
    read_drop_in "$unblock_unit"
    [ "$R" = "$CONDITION$UNLIMITED" ] || continue
    unblock_reload=yes
    rm -f "$SYSTEMD/$unblock_unit.d/$DROP_IN"
    rmdir "$SYSTEMD/$unblock_unit.d" 2>/dev/null
  done
  [ "$unblock_reload" = no ] || systemctl daemon-reload 9>&-
}
