
# === The answer of a hold: marked, synced, and the evidence of the stop ===

# Begun before the stop, the sync waits there for a word: the disk then works at once, while the evidence is collected. It ends
# when this process does, whose end of the pipe is descriptor 5.
prepare_sync() {
  hold_sync='' hold_go=$RUN/holds/$HOLD/go
  mkfifo "$hold_go" && command exec 5<>"$hold_go" && command exec 6<"$hold_go" || return 0
  {
    # By exec, for a shell keeps a copy of what it redirects for a function: neither the pipe's other end nor the caller's.
    exec <&6 >/dev/null 5>&- 6<&- 9>&- 4<&-
    hold_sync 'read -r word &&'
  } &
  hold_sync=$!
  exec 6<&-
}

hold_show() {
  write_markers
  if [ -n "$hold_sync" ]; then
    printf 'go\n' >&5
    exec 5>&-
  else
    hold_sync '' 9>&- &
    hold_sync=$!
  fi
  processes_to "$RUN/holds/$HOLD/processes" 9>&- &
  hold_processes=$!
  [ "$OPEN_FILES" = no ] || open_files >"$RUN/holds/$HOLD/open" 9>&- &
  hold_open=$!
  hold_states &
  hold_states=$!
  hold_dbms
  wait "$hold_states"
  hold_components
  hold_synced
  hold_answer
}

# Waits for hold_sync, once. SYNCED, and when in SYNCED_AT.
hold_synced() {
  [ -n "$hold_sync" ] || return 0
  SYNCED=false SYNCED_AT=null
  if wait "$hold_sync"; then
    read -r SYNCED_AT <"$RUN/holds/$HOLD/synced" && SYNCED=true
  fi
  hold_sync=
}

# hold_sync FIRST: after that command of a shell, one call for all file systems; its status is the proof. It ends when the watchdog
# fires at the latest: a file system that does not answer any more must not keep the hold, and its lock, for ever.
hold_sync() {
  hold_first=$1
  set --
  while [ -n "$TARGETS" ]; do
    is_untouched "${TARGETS%%"$NL"*}" || set -- "$@" "${TARGETS%%"$NL"*}"
    TARGETS=${TARGETS#*"$NL"}
  done
  uptime_ms
  hold_limit=$(((FIRES - NOW) / 1000 + 1))
  [ "$hold_limit" -gt 0 ] || hold_limit=1
  if [ "$SYNC" = sync ]; then
    timeout -s KILL "$hold_limit" sh -c "$hold_first exec sync"
  else
    timeout -s KILL "$hold_limit" sh -c "$hold_first exec sync -f -- \"\$@\"" sh "$@"
  fi 2>/dev/null || exit 1
  uptime_ms
  printf '%s\n' "$NOW" >"$RUN/holds/$HOLD/synced"
}

# States after the stop, the DBMS's whole block among them: one process for all, beside the others.
hold_states() {
  set --
  hold_rest=$PREFIXES
  while [ -n "$hold_rest" ]; do
    set -- "$@" "${hold_rest%%"$TAB"*}"
    hold_rest=${hold_rest#*"$NL"}
  done
  show_units_to "$RUN/holds/$HOLD/units" "$@" 9>&-
}

hold_components() {
  read_units "$RUN/holds/$HOLD/units"
  HELD_JSON=
  hold_rest=$PREFIXES
  while [ -n "$hold_rest" ]; do
    hold_unit=${hold_rest%%"$TAB"*} hold_line=${hold_rest%%"$NL"*}
    hold_rest=${hold_rest#*"$NL"}
    next_block || BLOCK=''
    timed "$STOPPED" "$hold_unit"
    hold_ms=$R
    if [ "$hold_unit" = "$DBMS" ]; then
      if [ "$INIT" = systemd ]; then block_json; else R='{}'; fi
      HELD_DBMS="$HELD_DBMS,\"unit\":$R}"
    fi
    property ActiveState
    HELD_JSON="$HELD_JSON,${hold_line#*"$TAB"},\"stopMs\":$hold_ms,\"activeState\":\"${R:-unknown}\"}"
  done
}

hold_dbms() {
  HELD_DBMS=null
  [ -n "$DBMS" ] || return 0
  files_evidence
  log_since "$LOG_SIZE" noted
  printf '%s\n' "$LOG_SIZE" >"$RUN/holds/$HOLD/log-after"
  HELD_DBMS="{\"pidBefore\":$PID_BEFORE"
  wait "$hold_processes"
  read_processes "$RUN/holds/$HOLD/processes"
  HELD_DBMS="$HELD_DBMS,\"processes\":$R"
  R=false
  [ -z "$PID_FILE" ] || [ ! -e "$PID_FILE" ] || R=true
  HELD_DBMS="$HELD_DBMS,\"pidFileExists\":$R"
  R=false
  [ -z "$SOCKET" ] || [ ! -e "$SOCKET" ] || R=true
  HELD_DBMS="$HELD_DBMS,\"socketExists\":$R"
  R=null
  if [ "$OPEN_FILES" = yes ]; then
    wait "$hold_open"
    read -r R <"$RUN/holds/$HOLD/open" || R=null
    # It was counted beside our own readers and our sync, which may be what it saw: counted again, now that they have ended.
    case $R in
      0 | null) ;;
      *)
        hold_synced
        R=$(open_files 9>&-)
        ;;
    esac
    number_or_null "$R"
  fi
  HELD_DBMS="$HELD_DBMS,\"openFiles\":$R,\"log\":$LOG_JSON,\"redo\":$REDO_JSON,\"files\":$FILES_JSON"
}

hold_answer() {
  read_state "$HOLD"
  [ -z "$EXPIRED" ] || hold_fail expired 'the watchdog fired before the hold was complete'
  add_state held "$HOLD"
  document true null ''
  R="${R%\}},\"profile\":\"$PROFILE\",\"ttlMs\":$TTL,\"firesUptimeMs\":$FIRES,\"watchdog\":\"$WATCHDOG\",\"watchdogArmed\":true"
  R="$R,\"components\":[${HELD_JSON#,}],\"stopRequestedUptimeMs\":$STOP_REQUESTED,\"stoppedUptimeMs\":$STOPPED_AT"
  R="$R,\"syncedUptimeMs\":$SYNCED_AT,\"answeredUptimeMs\":$NOW,\"markers\":$MARKS_JSON,\"synced\":$SYNCED,\"dbms\":$HELD_DBMS}"
  # Saved first, and without the lock: a release that comes in the place of a lost connection must not wait for a reader.
  save hold
  say
  timed "$STOPPED" "$DBMS"
  [ "$R" -eq 0 ] || remember_time stop "$R"
  # What could not be remembered does not make a good answer a bad one.
  return 0
}
