
# === Watchdog: everything starts again when a hold outlives its time ===
#
# systemd keeps the time where there is systemd; elsewhere a process that nobody's hang-up reaches. Both call
# `expire ID`, which needs no answer, no lock and no password.

know_watchdog() {
  WATCHDOG=process
  [ "$INIT" != systemd ] || ! command -v systemd-run >/dev/null || WATCHDOG=systemd-run
}

# arm MS: false when it could not be armed.
arm() {
  if [ "$WATCHDOG" = systemd-run ]; then
    arm_ms=$1
    # systemd forgets a unit that is inactive and that nothing refers to (one that is not enabled at boot), and with it when
    # and how it ended. So the timer refers to what is held, by a relation without effect: timers are never reloaded.
    blocked_units
    set --
    for arm_unit in $R; do
      set -- "$@" "--timer-property=PropagatesReloadTo=$arm_unit"
    done
    # A watchdog that comes when the hold is over ends as failed, and would stay in the list of units: systemd 236 forgets it.
    arm_timer --property=CollectMode=inactive-or-failed "$@" || arm_timer "$@" || arm_timer
    return
  fi
  arm_seconds=$((($1 + 999) / 1000))
  if command -v setsid >/dev/null; then
    setsid "$SELF" watch "$HOLD" "$arm_seconds" </dev/null >/dev/null 2>&1 9>&- &
  else
    "$SELF" watch "$HOLD" "$arm_seconds" </dev/null >/dev/null 2>&1 9>&- &
  fi
  arm_child=$! arm_tries=0
  until [ -s "$RUN/holds/$HOLD/watchdog" ]; do
    arm_tries=$((arm_tries + 1))
    [ "$arm_tries" -le 100 ] || return 1
    sleep 0.05
  done
  # Somebody else's `watch` may have come first, with a time of its own.
  read -r arm_watch _ <"$RUN/holds/$HOLD/watchdog"
  [ "$arm_watch" = "$arm_child" ]
}

arm_timer() {
  systemd-run --quiet "--unit=stillshot-watchdog-$HOLD" "--on-active=${arm_ms}ms" --timer-property=AccuracySec=100ms \
    "$@" "$SELF" expire "$HOLD" >/dev/null 2>&1 9>&-
}

# Start time of process $1 in R: with its number it names one process for ever.
process_birth() {
  R=
  read -r process_birth 2>/dev/null <"$PROC/$1/stat" || return 1
  # The command's name, in brackets, may hold anything; the 20th word after it is the start time.
  # shellcheck disable=SC2086
  set -- ${process_birth##*) }
  shift 19
  R=$1
}

# `watch ID SECONDS`, the process that keeps the time.
watch_verb() {
  is_id "${1-}" && is_between "${2-}" 1 3600 || usage 'watch ID SECONDS'
  ignore_signals
  HOLD=$1
  process_birth $$
  # A second one would hide the first, which could then not be disarmed any more.
  set -C
  printf '%s %s\n' "$$" "$R" 2>/dev/null >"$RUN/holds/$1/watchdog" || refuse watchdog-failed "hold $1 has a watchdog, or none can be noted"
  set +C
  # Disarming ends this process, and its sleep with it.
  sleep "$2" &
  watch_sleep=$!
  trap 'kill "$watch_sleep"; exit' TERM
  wait "$watch_sleep"
  exec "$SELF" expire "$1"
}

# What to ask systemd for, next to the components.
watchdog_unit() {
  [ "$WATCHDOG" = process ] || printf 'stillshot-watchdog-%s.timer' "$HOLD"
}

# WATCH: armed, fired or missing. BLOCK holds the timer's properties where systemd keeps the time.
read_watchdog() {
  WATCH=missing
  if [ "$WATCHDOG" = systemd-run ]; then
    property ActiveState
    watchdog_active=$R
    property SubState
    case $watchdog_active:$R in
      active:waiting) WATCH=armed ;;
      # It woke at the hold's first time, and waits for the one that a renewal gave it.
      active:running) [ ! -f "$RUN/holds/$HOLD/lease" ] || WATCH=armed ;;
    esac
  elif read -r watchdog_pid watchdog_birth 2>/dev/null <"$RUN/holds/$HOLD/watchdog" && process_birth "$watchdog_pid"; then
    [ "$R" != "$watchdog_birth" ] || WATCH=armed
  fi
  read_state "$HOLD"
  [ -z "$EXPIRED" ] || WATCH=fired
}

# False when the watchdog may still fire.
disarm() {
  if [ "$WATCHDOG" = systemd-run ]; then
    systemctl stop "stillshot-watchdog-$HOLD.timer" >/dev/null 2>&1 9>&-
    # 5, not loaded (any more), is as good as stopped: it elapsed, and the hold is marked as expired.
    case $? in 0 | 5) return 0 ;; esac
    return 1
  fi
  read -r watchdog_pid watchdog_birth 2>/dev/null <"$RUN/holds/$HOLD/watchdog" || return 0
  process_birth "$watchdog_pid" && [ "$R" = "$watchdog_birth" ] || return 0
  kill "$watchdog_pid" 2>/dev/null
}

# `expire ID`: what the watchdog calls. A release that holds the lock is given five seconds and then not waited for: two
# who both start what ran do no harm, nobody who starts it does.
expire_verb() {
  expect_words $# 1
  expect_id "$1"
  HOLD=$1
  ignore_signals
  open_run
  read_state "$HOLD" && read_plan || refuse unknown-hold "nothing is known of hold $HOLD"
  lease_wait
  take_lock 5 || :
  read_state "$HOLD"
  ! is_over || refuse not-open "hold $HOLD is over: $STATE"
  add_state expired "$HOLD"
  ! half_read "$HALF" || half_complain
  thaw_file_systems
  lift_block
  # A reload while a server is still stopping would let systemd kill it: so only what runs is unblocked.
  expire_start || refuse start-failed "not everything that ran is active again: $R"
  blocked_units
  # shellcheck disable=SC2086 # unit names without blanks
  unblock_units $R
  add_state ended "$HOLD"
  document true null ''
  say
}

# The lock is not kept meanwhile. Often enough to end soon after a hold that was released.
lease_wait() {
  while read -r lease_until 2>/dev/null <"$RUN/holds/$HOLD/lease"; do
    case $lease_until in '' | *[!0-9]*) return 0 ;; esac
    read_state "$HOLD"
    uptime_ms
    lease_left=$((lease_until - NOW))
    [ "$lease_left" -gt 0 ] && ! is_over || return 0
    [ "$lease_left" -le 5000 ] || lease_left=5000
    sleep $(((lease_left + 999) / 1000))
  done
}

# Tries for ten minutes: a start may fail while the machine is still busy with what made the hold late. The lock is kept
# for the first time only, so that a release need not wait for the others. False when it was given up; why is then in R.
expire_start() {
  expire_tries=0
  while :; do
    ! find_open_hold "$HOLD" || {
      R="hold $R is open"
      return 1
    }
    start_everything
    all_active && return 0
    exec 9>&-
    expire_tries=$((expire_tries + 1))
    [ "$expire_tries" -lt 60 ] || return 1
    sleep 10
    read_state "$HOLD"
    ! is_over || {
      R="hold $HOLD is over: $STATE"
      return 1
    }
  done
}

# Starts what was active, in reverse order, each component with what would start it and what depends on it.
start_everything() {
  start_rest=$REVERSED
  while [ -n "$start_rest" ]; do
    start_line=${start_rest%%"$NL"*}
    start_rest=${start_rest#*"$NL"}
    # shellcheck disable=SC2086 # four words
    set -- $start_line
    [ "$3" = active ] && ! half_keeps "$2" || continue
    start_unit=$2 start_seconds=$4
    related "$TRIGGERS" "$start_unit"
    # shellcheck disable=SC2086 # unit names without blanks
    act start "$start_seconds" $ACTIVE "$start_unit"
    related "$DEPENDENTS" "$start_unit"
    # shellcheck disable=SC2086
    [ -z "$ACTIVE" ] || act start "$start_seconds" $ACTIVE
  done
}

# True when all that was active is active, what would start a component and what depends on it included; one process.
# Which is not, is in R.
all_active() {
  active_related
  active_units=$R
  active_rest=$UNITS
  while [ -n "$active_rest" ]; do
    # shellcheck disable=SC2086 # four words
    set -- ${active_rest%%"$NL"*}
    active_rest=${active_rest#*"$NL"}
    [ "$3" != active ] || half_keeps "$2" || active_units="$active_units $2"
  done
  [ -n "$active_units" ] || return 0
  # shellcheck disable=SC2086
  show_units $active_units
  for active_unit in $active_units; do
    next_block || BLOCK=''
    property ActiveState
    case $R in
      active | reloading) ;;
      *) R="$active_unit is ${R:-unknown}" && return 1 ;;
    esac
  done
}

# The triggers and dependents that were active, in R. One that was just starting is started again, but may be of the kind
# that ends by itself: it is not waited for.
active_related() {
  active_related=
  while read -r _ active_unit active_was; do
    [ "$active_was" != yes ] || half_keeps "$active_unit" || active_related="$active_related $active_unit"
  done <<END
$TRIGGERS$DEPENDENTS
END
  R=$active_related
}
