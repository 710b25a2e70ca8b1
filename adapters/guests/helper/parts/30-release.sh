
# === release ID [when-told] ===
#
# The fence is taken before anything is started; then the start is asked for; what is said about both is made up while the
# server starts.

release_verb() {
  [ $# -eq 2 ] && [ "$2" = when-told ] || expect_words $# 1
  expect_id "$1"
  HOLD=$1
  ignore_signals
  open_run
  if [ $# -eq 2 ]; then
    wait_until_told
    take_password "$R"
  else
    read_plan || :
    read_password
  fi
  # Longer than any hold's stop; should even that not do, the watchdog starts everything.
  take_lock 600 || refuse guest-locked 'another verb is at work in this guest'
  answer_again release
  read_plan || release_unknown
  read_state "$HOLD"
  half_read "$HALF" || :
  RELEASE_STARTS=no STARTS='' START_REQUESTED=null STARTED_AT=null READY_AT=null
  # What has stopped since a hold was over was stopped by somebody else, who is not to be overruled.
  if ! is_over; then
    ! find_open_hold "$HOLD" || refuse guest-locked "hold $R is open"
    RELEASE_STARTS=yes
    add_state releasing "$HOLD"
  fi
  take_fence
  if [ "$RELEASE_STARTS" = yes ]; then
    lift_block
    release_start
  fi
  release_answer
}

# Begun before anything stops, so that login, sudo and this shell are no part of the outage. Standard input, read to its end,
# decides: `release` as its first line; what a release reads, in R, after it. A connection that was lost says nothing, and then
# nothing is done: the watchdog, or a release of its own connection, starts everything.
wait_until_told() {
  know_self
  R=$(timeout -s KILL 7200 head -c 4096)
  exec </dev/null
  case $R in
    release | release"$NL"*) R=${R#release} && R=${R#"$NL"} ;;
    *) usage 'it was not told to release' ;;
  esac
}

# Recorded, so that the hold refuses should it arrive after its own release.
release_unknown() {
  mkdir -p "$RUN/holds/$HOLD" && add_state blocked "$HOLD" || refuse state-unwritable "$RUN/holds cannot be written"
  forget_old_holds
  document true null ',"known":false,"fence":null,"components":[],"startRequestedUptimeMs":null,"startedUptimeMs":null,"readyUptimeMs":null,"watchdogDisarmed":false'
  say
  exit 0
}

# Units, watchdog and processes are asked while the files are read.
take_fence() {
  set --
  fence_rest=$UNITS
  while [ -n "$fence_rest" ]; do
    fence_line=${fence_rest%%"$NL"*}
    fence_rest=${fence_rest#*"$NL"}
    fence_line=${fence_line#* }
    set -- "$@" "${fence_line%% *}"
  done
  uptime_ms
  FENCE_AT=$NOW
  # shellcheck disable=SC2046 # one name or none
  show_units_to "$RUN/holds/$HOLD/units" "$@" $(watchdog_unit) 9>&- &
  fence_units=$!
  processes_to "$RUN/holds/$HOLD/processes" 9>&- &
  fence_processes=$!
  OPEN_FILES=no FILES_JSON='[]' REDO_JSON=null
  [ -z "$DBMS" ] || files_evidence
  wait "$fence_units"
  wait "$fence_processes"
}

# Fence as JSON, from what take_fence left; the units' states are older than the start that was asked for since.
fence_json() {
  fence_states='' fence_unit='{}'
  read_processes "$RUN/holds/$HOLD/processes"
  FENCE_PROCESSES=$R
  read_units "$RUN/holds/$HOLD/units"
  fence_rest=$UNITS
  while [ -n "$fence_rest" ]; do
    fence_line=${fence_rest%%"$NL"*}
    fence_rest=${fence_rest#*"$NL"}
    fence_line=${fence_line#* }
    fence_line=${fence_line%% *}
    next_block || BLOCK=''
    property ActiveState
    fence_states="$fence_states$fence_line=${R:-unknown}$NL"
    [ "$fence_line" != "$DBMS" ] || [ "$INIT" = sysv ] || {
      block_json
      fence_unit=$R
    }
  done
  next_block || BLOCK=''
  read_watchdog
  json_map "$fence_states"
  FENCE="{\"takenUptimeMs\":$FENCE_AT,\"watchdog\":\"$WATCH\",\"expiredUptimeMs\":${EXPIRED:-null},\"components\":$R"
  FENCE="$FENCE,\"unit\":$fence_unit,\"processes\":$FENCE_PROCESSES,\"redo\":$REDO_JSON,\"files\":$FILES_JSON}"
}

# STARTS: lines "unit startMs".
release_start() {
  release_rest=$REVERSED
  while [ -n "$release_rest" ]; do
    # shellcheck disable=SC2086 # four words
    set -- ${release_rest%%"$NL"*}
    release_rest=${release_rest#*"$NL"}
    [ "$3" = active ] && ! half_keeps "$2" || continue
    release_unit=$2 release_limit=$4
    # A socket unit refuses to start once its service runs, so it goes first.
    active_triggers "$2"
    uptime_ms
    release_began=$NOW
    [ "$START_REQUESTED" != null ] || START_REQUESTED=$NOW
    release_kind=$1
    # shellcheck disable=SC2086 # unit names without blanks
    begin_start "$release_limit" $ACTIVE "$2"
    [ "$release_kind" != dbms ] || release_ready
    end_start "$release_limit" "$release_unit"
    uptime_ms
    [ "$release_kind" != dbms ] || release_timed
    STARTS="$STARTS$release_unit $((NOW - release_began))$NL"
    related "$DEPENDENTS" "$release_unit"
    # shellcheck disable=SC2086
    [ -z "$ACTIVE" ] || act start "$release_limit" $ACTIVE
  done
}

# Waits for the server's socket, then for the first answer. The client is started first and waits for its option file, a
# pipe, which ends when the socket is there: so its own start is no part of the outage.
release_ready() {
  [ "$LOGIN" = yes ] && [ -n "$SOCKET" ] || return 0
  release_until=$((release_began + release_limit * 1000)) release_look=$release_began
  R=$(release_credentials | client_after $((release_limit + 10)))
  read_select_1
  while [ "$READY" = no ]; do
    uptime_ms
    [ "$NOW" -lt "$release_until" ] && [ -S "$SOCKET" ] || break
    sleep 0.04
    select_1
  done
  uptime_ms
  [ "$READY" != yes ] || READY_AT=$NOW
  read -r STARTED_AT 2>/dev/null <"$RUN/holds/$HOLD/started" || STARTED_AT=null
}

# Prints the client's option file once the socket is there, or when waiting is of no use. The fence's JSON is not made
# here: this is a process of its own.
release_credentials() {
  until [ -S "$SOCKET" ]; do
    uptime_ms
    [ "$NOW" -lt "$release_until" ] && ! release_failed || return 0
    sleep 0.04
  done
  uptime_ms
  printf '%s\n' "$NOW" >"$RUN/holds/$HOLD/started"
  credentials
}

# A start that failed is not waited for. systemd may try again by itself, which is looked at every two seconds.
release_failed() {
  [ -s "$BEGIN_FAILED" ] && [ "$NOW" -ge "$release_look" ] || return 1
  release_look=$((NOW + 2000))
  show_units "$DBMS"
  next_block
  property ActiveState
  [ "$R" = failed ]
}

# Where the server could not be asked, the unit's own word must do for `started`.
release_timed() {
  if [ "$READY_AT" != null ]; then
    NOW=$READY_AT
  elif [ "$STARTED_AT" = null ]; then
    [ -n "$SOCKET" ] && [ ! -S "$SOCKET" ] || STARTED_AT=$NOW
  fi
}

release_answer() {
  fence_json
  release_disarmed=false release_ok=true release_error=null
  release_components
  release_components=$R
  if [ "$RELEASE_STARTS" = no ]; then
    release_disarmed=true
    add_state released "$HOLD"
  elif [ -z "$RELEASE_MISSING" ]; then
    ! disarm || release_disarmed=true
    blocked_units
    # shellcheck disable=SC2086 # unit names without blanks
    unblock_units $R
    add_state released "$HOLD"
    [ "$READY_AT" = null ] || remember_time start $((READY_AT - START_REQUESTED))
  else
    release_ok=false
    quote "not everything that ran is active again ($RELEASE_MISSING): the watchdog stays armed and tries on"
    release_error="{\"code\":\"start-failed\",\"message\":$R}"
  fi
  [ "$release_ok:$RELEASE_KEPT" != true:yes ] || release_half
  document "$release_ok" "$release_error" ",\"known\":true,\"fence\":$FENCE,\"components\":$release_components,\"startRequestedUptimeMs\":$START_REQUESTED,\"startedUptimeMs\":$STARTED_AT,\"readyUptimeMs\":$READY_AT,\"watchdogDisarmed\":$release_disarmed"
  # A release that failed may be asked again and try again. Nobody waits for the lock because a reader is slow.
  [ "$release_ok" = false ] || save release
  say
  [ "$release_ok" = true ] || exit 1
}

# The hold is over, and what it stopped stays stopped: whoever asks again hears it again, until the databases are whole.
release_half() {
  release_ok=false
  half_complain
  quote "$R"
  release_error="{\"code\":\"half-restored\",\"message\":$R}"
}

# States as they are now; what was active and is not, related units included, in RELEASE_MISSING.
release_components() {
  set --
  release_rest=$UNITS
  while [ -n "$release_rest" ]; do
    release_line=${release_rest#* }
    release_rest=${release_rest#*"$NL"}
    set -- "$@" "${release_line%% *}"
  done
  active_related
  release_related=$R
  # shellcheck disable=SC2086 # unit names without blanks
  show_units "$@" $release_related
  release_components='' RELEASE_MISSING='' RELEASE_KEPT=no
  for release_unit in "$@"; do
    next_block || BLOCK=''
    property ActiveState
    release_state=${R:-unknown} release_was=false
    case $UNITS in *" $release_unit active "*) release_was=true && release_missing ;; esac
    timed "$STARTS" "$release_unit"
    release_ms=$R
    quote "$release_unit"
    release_components="$release_components,{\"unit\":$R,\"wasActive\":$release_was,\"startMs\":$release_ms,\"activeState\":\"$release_state\"}"
  done
  for release_unit in $release_related; do
    next_block || BLOCK=''
    property ActiveState
    release_state=${R:-unknown}
    release_missing
  done
  R="[${release_components#,}]"
}

release_missing() {
  case $release_state in active | reloading) return 0 ;; esac
  ! half_keeps "$release_unit" || {
    RELEASE_KEPT=yes
    return 0
  }
  RELEASE_MISSING="$RELEASE_MISSING${RELEASE_MISSING:+, }$release_unit is $release_state"
}
