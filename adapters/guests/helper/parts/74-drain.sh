
# === drain PROFILE ID SECONDS, undrain PROFILE ID ===
#
# Fewer dirty pages make the stop shorter. The page cleaner obeys innodb_io_capacity, so that is raised too. The settings
# as they were stand in RUN/drains/ID until they are put back: by undrain, or by a timer if nobody comes. An undrain leaves
# RUN/undrained/ID, so that a drain that is under way ends, and one that comes late refuses. Both change settings under the
# lock alone: an undrain in the middle of a drain would take away the note, and the drain lower what nobody puts back.

drain_verb() {
  expect_words $# 3
  expect_profile "$1"
  expect_id "$2"
  is_between "$3" 1 600 || usage 'seconds are between 1 and 600'
  HOLD=$2
  drain_begin "$1"
  safe_directory "$RUN/drains" || refuse state-unsafe "$RUN/drains is not a directory of root's own"
  take_lock 5 || refuse guest-locked 'another verb is at work in this guest'
  [ "$LOGIN" = yes ] || refuse login-failed "$ASK_ERROR"
  ! drain_over || refuse released-before "drain $HOLD is over"
  drain_after_others || refuse undrain-failed "$ASK_ERROR"
  # Until now what another had lowered was taken for the server's own.
  ask_variables 10 || refuse login-failed "$ASK_ERROR"
  drain_timer "$1" $(($3 + 15)) || refuse watchdog-failed 'the timer that puts the settings back could not be armed'
  drain_lower
  drain_wait "$3"
  ! drain_over || drain_ended
  json_map "$(tr ' ' = <"$RUN/drains/$HOLD")"
  document true null ",\"dirtyBefore\":$DIRTY_BEFORE,\"dirtyAfter\":$DIRTY,\"waitedMs\":$WAITED,\"changed\":$R"
  say
}

# Put back, or past its hold, after which the server's settings are its own again.
drain_over() {
  [ -e "$RUN/undrained/$HOLD" ] || [ -e "$RUN/holds/$HOLD" ]
}

# Whoever asked for it waits for the lock, or has died.
drain_ended() {
  ! undrain_settings || undrain_timer
  refuse released-before "drain $HOLD was put back while it waited"
}

# A drain that died before it was put back: its settings first, or they would be taken for the server's own.
drain_after_others() {
  drain_own=$HOLD drain_failed=no
  for HOLD in $(cd "$RUN/drains" && set +f && printf '%s ' *); do
    case $HOLD in "$drain_own" | '*') continue ;; esac
    undrain_settings || drain_failed=yes
    undrain_timer
  done
  HOLD=$drain_own
  [ "$drain_failed" = no ]
}

drain_begin() {
  load_profile "$1"
  read_password
  open_state
  know_watchdog
  survey
  know_server 10
}

# Without a password the timer is systemd's; a password would have to lie in a file for it, so a process keeps it instead.
drain_timer() {
  if [ "$WATCHDOG" = systemd-run ] && [ -z "$PASSWORD" ]; then
    systemctl is-active -q "stillshot-undrain-$HOLD.timer" ||
      systemd-run --quiet "--unit=stillshot-undrain-$HOLD" "--on-active=$2" "$SELF" undrain "$1" "$HOLD" >/dev/null 2>&1 9>&-
    return
  fi
  (
    ignore_signals
    sleep "$2"
    undrain_settings
  ) </dev/null >/dev/null 2>&1 9>&- &
}

# Written down before they are changed, and read back: on a full disk nothing is changed. A second call keeps what the first
# one found.
drain_lower() {
  if [ ! -s "$RUN/drains/$HOLD" ]; then
    drain_text=
    for drain_name in innodb_io_capacity_max innodb_io_capacity innodb_max_dirty_pages_pct innodb_max_dirty_pages_pct_lwm; do
      variable "$drain_name"
      case $R in '' | *[!0-9.]*) ;; *) drain_text="$drain_text$drain_name $R$NL" ;; esac
    done
    { printf '%s' "$drain_text" >"$RUN/drains/$HOLD"; } 2>/dev/null
    [ "$(head -c 1000 "$RUN/drains/$HOLD" 2>/dev/null)$NL" = "$drain_text" ] || drain_unwritten
  fi
  drain_sql='SET GLOBAL innodb_max_dirty_pages_pct_lwm = 0; SET GLOBAL innodb_max_dirty_pages_pct = 0'
  variable innodb_io_capacity_max
  drain_max=${R:-0}
  is_between "$drain_max" 20000 999999999 || drain_sql="$drain_sql; SET GLOBAL innodb_io_capacity_max = 20000"
  variable innodb_io_capacity
  is_between "${R:-0}" 10000 999999999 || drain_sql="$drain_sql; SET GLOBAL innodb_io_capacity = 10000"
  ask 10 "$drain_sql" --force
}

# Half a note would be taken for the server's own settings later.
drain_unwritten() {
  rm -f "$RUN/drains/$HOLD"
  refuse state-unwritable "$RUN/drains cannot be written"
}

dirty_pages() {
  DIRTY=null
  ask 5 "SHOW GLOBAL STATUS WHERE Variable_name = 'Innodb_buffer_pool_pages_dirty'" --skip-column-names || return 1
  R=${R%%"$NL"*}
  number_or_null "${R##*"$TAB"}"
  DIRTY=$R
}

# Until few are left, or nothing is gained any more (a busy server makes new ones), or the time is over.
drain_wait() {
  uptime_ms
  drain_began=$NOW drain_lowest='' drain_still=0
  dirty_pages
  DIRTY_BEFORE=$DIRTY
  while :; do
    uptime_ms
    WAITED=$((NOW - drain_began))
    [ "$DIRTY" != null ] && [ "$DIRTY" -gt 50 ] && [ "$WAITED" -lt $(($1 * 1000)) ] && [ "$drain_still" -lt 5 ] && ! drain_over || return 0
    if [ -z "$drain_lowest" ] || [ "$DIRTY" -lt "$drain_lowest" ]; then
      drain_lowest=$DIRTY drain_still=0
    else
      drain_still=$((drain_still + 1))
    fi
    sleep 0.3
    dirty_pages
  done
}

undrain_verb() {
  expect_words $# 2
  expect_profile "$1"
  expect_id "$2"
  HOLD=$2
  drain_begin "$1"
  undrain_mark
  # As long as a drain may need to see that it is over.
  take_lock 30 || refuse guest-locked 'another verb is at work in this guest'
  undrain=
  if [ -f "$RUN/drains/$HOLD" ]; then
    undrain=$(tr ' ' = <"$RUN/drains/$HOLD")
    undrain_settings || refuse undrain-failed "$ASK_ERROR"
  fi
  undrain_timer
  json_map "$undrain"
  document true null ",\"restored\":$R"
  say
}

# What cannot be written does not keep settings from being put back. The newest twenty are kept: ids sort by time.
undrain_mark() {
  safe_directory "$RUN/undrained" && printf '' 2>/dev/null >"$RUN/undrained/$HOLD" || return 0
  set --
  set +f
  for undrain_path in "$RUN"/undrained/*; do
    ! is_id "${undrain_path##*/}" || set -- "$@" "$undrain_path"
  done
  set -f
  while [ $# -gt 20 ]; do
    rm -f "$1"
    shift
  done
}

undrain_timer() {
  [ "$WATCHDOG" != systemd-run ] || systemctl stop "stillshot-undrain-$HOLD.timer" >/dev/null 2>&1 9>&-
}

# The targets before their low-water mark, the capacity before its maximum: the server cuts a value that is out of order.
undrain_settings() {
  [ -f "$RUN/drains/$HOLD" ] || return 0
  undrain_sql='SELECT 1' undrain_last=''
  while read -r undrain_name undrain_value; do
    case $undrain_name in
      innodb_io_capacity_max | innodb_max_dirty_pages_pct_lwm) undrain_last="$undrain_last; SET GLOBAL $undrain_name = $undrain_value" ;;
      *) undrain_sql="$undrain_sql; SET GLOBAL $undrain_name = $undrain_value" ;;
    esac
  done <"$RUN/drains/$HOLD"
  ask 10 "$undrain_sql$undrain_last" || return 1
  rm -f "$RUN/drains/$HOLD"
}
