
# === hold PROFILE ID TTL_MS START_MS ===
#
# Looked at, written down, armed, blocked; then stopped, marked, synced, shown. Until the first stop a refusal changes
# nothing; after it, a failure starts again what was stopped.

hold_verb() {
  expect_words $# 4
  expect_profile "$1"
  expect_id "$2"
  is_between "$3" 5000 3600000 || usage 'the time to live is between 5000 and 3600000 ms'
  is_between "$4" 0 "$3" || usage 'the time to start is between 0 and the time to live'
  HOLD=$2 TTL=$3
  ignore_signals
  uptime_ms
  # The watchdog may wait five seconds for the lock.
  FIRES=$((NOW + TTL - $4 - 5000))
  load_profile "$1"
  read_password
  open_state
  take_lock 5 || refuse guest-locked 'another verb is at work in this guest'
  hold_known
  ! find_open_hold "$HOLD" || refuse guest-locked "hold $R is open"
  hold_look
  hold_arm
  hold_stop
  hold_show
}

# The same id again: what was answered, unless the hold is over. A release that came first forbids it.
hold_known() {
  read_state "$HOLD" || return 0
  [ -z "$EXPIRED" ] || refuse released-before "the watchdog ended hold $HOLD"
  case $STATE in
    released | releasing | blocked) refuse released-before "hold $HOLD was released" ;;
  esac
  answer_again hold
  [ "$STATE" != stopping ] || refuse guest-locked "an earlier call died while it stopped hold $HOLD: release it"
  refuse guest-locked "the answer of hold $HOLD was lost: release it"
}

# Everything that can be known or fail without hurting anyone.
hold_look() {
  case $PROFILE in *.application) ;; *) half_refuse ;; esac
  survey
  half_hold
  [ -z "$OTHER_DBMS" ] || refuse dbms-ambiguous "$DBMS and $OTHER_DBMS both run"
  while read -r hold_kind hold_wanted hold_unit hold_active _; do
    case $hold_kind:$hold_unit:$hold_active in
      :* | *:active | *:inactive | *:failed) ;;
      *) refuse unit-busy "$hold_unit is $hold_active" ;;
    esac
    [ "$hold_unit" != - ] || refuse unit-not-found "nothing was found for $hold_wanted"
  done <<END
$FOUND
END
  know_watchdog
  know_server 10
  find_table_directories
  know_targets
  OPEN_FILES=no
  [ -z "$DATADIR" ] || case $DATADIR in
    *[\[\]*?\\]*) ;; # would be a pattern
    *) find "$RUN" -maxdepth 0 -lname x >/dev/null 2>&1 && OPEN_FILES=yes ;;
  esac
  SYNC='sync -f'
  $SYNC "$RUN" 2>/dev/null || SYNC=sync
  property_of_dbms MainPID
  number_or_null "${R#0}"
  PID_BEFORE=$R
  know_self
  forget_old_holds
}

# The watchdog stands before anything is blocked or stopped, and both are checked.
hold_arm() {
  uptime_ms
  hold_delay=$((FIRES - NOW))
  [ "$hold_delay" -ge 3000 ] || refuse ttl-too-short "only $hold_delay ms would be left until the watchdog starts everything"
  mkdir -p "$RUN/holds/$HOLD" && prepare_markers && write_plan && add_state stopping "$HOLD" || refuse state-unwritable "$RUN/holds cannot be written"
  read_plan || hold_fail state-unwritable "the plan in $RUN/holds was cut short"
  arm "$hold_delay" || hold_fail watchdog-failed 'the watchdog could not be armed'
  prepare_sync
  blocked_units
  BLOCKED=$R
  # shellcheck disable=SC2086 # unit names without blanks
  block_units "$(would_be_killed)" $R || hold_fail block-failed 'systemd did not take the drop-ins'
  BLOCK=
  if [ "$WATCHDOG" = systemd-run ]; then
    show_units "$(watchdog_unit)"
    next_block || BLOCK=''
  fi
  read_watchdog
  [ "$WATCH" = armed ] || hold_fail watchdog-failed "the watchdog is $WATCH"
  hold_prefixes
}

# The DBMS, when systemd would end its patience with a kill; else -.
would_be_killed() {
  while read -r hold_kind _ hold_unit _ _ _ _ _ hold_kill _; do
    [ "$hold_kind" = dbms ] || continue
    case $hold_kill in
      yes/infinity) ;;
      yes/*) printf '%s' "$hold_unit" && return 0 ;;
    esac
  done <<END
$FOUND
END
  printf -- -
}

# The part of each component's JSON that is known before the stop: lines "unit<TAB>json".
hold_prefixes() {
  PREFIXES=
  while read -r hold_kind hold_unit hold_active _; do
    [ -n "$hold_kind" ] || continue
    hold_blocked=none hold_was=false
    ! contains "$BLOCKED" "$hold_unit" || [ "$INIT" = sysv ] || hold_blocked=drop-in
    [ "$hold_active" != active ] || hold_was=true
    quote "$hold_unit"
    hold_json="{\"kind\":\"$hold_kind\",\"unit\":$R,\"wasActive\":$hold_was,\"blockedBy\":\"$hold_blocked\""
    related "$TRIGGERS" "$hold_unit"
    hold_json="$hold_json,\"triggers\":$R"
    related "$DEPENDENTS" "$hold_unit"
    PREFIXES="$PREFIXES$hold_unit$TAB$hold_json,\"dependents\":$R$NL"
  done <<END
$UNITS
END
}

# In order, each within its own limit and the hold's time. STOPPED: lines "unit stopMs".
hold_stop() {
  STOPPED=
  close_block || hold_fail block-failed "$RUN/blocked cannot be written"
  uptime_ms
  STOP_REQUESTED=$NOW
  hold_rest=$FOUND
  while [ -n "$hold_rest" ]; do
    # shellcheck disable=SC2086 # ten words
    set -- ${hold_rest%%"$NL"*}
    hold_rest=${hold_rest#*"$NL"}
    hold_unit=$3
    [ "$4" = active ] || continue
    read_state "$HOLD"
    hold_began=$NOW hold_limit=$(((FIRES - NOW) / 1000))
    [ -z "$EXPIRED" ] && [ "$hold_limit" -gt 0 ] || hold_fail ttl-too-short "the watchdog was due before $hold_unit was stopped"
    [ "$hold_limit" -le "$5" ] || hold_limit=$5
    active_triggers "$hold_unit"
    ! is_cron "$hold_unit" || note_jobs "$hold_unit"
    # shellcheck disable=SC2086 # unit names without blanks
    act stop "$hold_limit" $ACTIVE "$hold_unit" || hold_still "$hold_unit"
    ! is_cron "$hold_unit" || wait_for_jobs "$hold_unit" $((hold_began + hold_limit * 1000)) ||
      hold_fail jobs-running "$hold_unit has stopped, and a job of it still runs: $R"
    uptime_ms
    STOPPED="$STOPPED$hold_unit $((NOW - hold_began))$NL"
  done
  STOPPED_AT=$NOW
}

# `stop` did not say that it worked: a unit that ended badly has still ended (its evidence says how).
hold_still() {
  show_units "$1"
  next_block || BLOCK=''
  property ActiveState
  case $R in inactive | failed) return 0 ;; esac
  hold_fail stop-timeout "$1 is $R after its limit: it is not killed, and starts again as soon as it has stopped"
}

# Takes back what was done. What is still stopping is started by systemd when it has stopped; the watchdog stays armed to
# see to it, and until it has, or a release, the hold is open: it stays `stopping`.
hold_fail() {
  lift_block
  if { [ -z "${STOP_REQUESTED-}" ] || hold_restart "$1"; } && disarm; then
    blocked_units
    # shellcheck disable=SC2086 # unit names without blanks
    unblock_units $R
    add_state refused "$HOLD"
  fi
  quote "$2"
  document false "{\"code\":\"$1\",\"message\":$R}" ''
  save hold
  say
  exit 1
}

# True when everything that was active is active again.
hold_restart() {
  if [ "$1" = stop-timeout ] && [ "$INIT" = systemd ]; then
    all_units
    # shellcheck disable=SC2086
    start_later $R
    return 1
  fi
  start_everything
  # An init script that is still stopping the server may call it active.
  all_active && [ "$1" != stop-timeout ]
}

# Whatever was active, dependents included, in start order, in R.
all_units() {
  all_units='' all_units_rest=$REVERSED
  while [ -n "$all_units_rest" ]; do
    # shellcheck disable=SC2086 # four words
    set -- ${all_units_rest%%"$NL"*}
    all_units_rest=${all_units_rest#*"$NL"}
    [ "$3" = active ] || continue
    related "$TRIGGERS" "$2"
    all_units="$all_units$ACTIVE $2"
    related "$DEPENDENTS" "$2"
    all_units="$all_units$ACTIVE"
  done
  R=$all_units
}
