
# === load PROFILE ID drop|back held|free: databases dropped and made anew ===
#
# Dropped first, all of them: tables that are replaced one by one meet the foreign keys of those that are still old
# (errno 150). The client takes statements only: binary mode knows no command that would start a shell or read a file.
#
# Before anything is dropped for run ID, the databases are marked as half restored, and the mark says when a load of them has
# been taken whole; `back` puts back what such a mark of the same run is there of, and nothing else. What `held` says is that
# hold ID keeps the application still: nothing is dropped under one that runs.

# Where nothing keeps the application still, a `back` that is later meets what was written since.
LOAD_BACK_WITHIN=3600000

load_verb() {
  expect_words $# 4
  expect_id "$2"
  case $3:$4 in drop:held | drop:free | back:held | back:free) ;; *) usage 'drop or back, held or free?' ;; esac
  ignore_signals
  LOAD=$2 LOAD_HELD=$4 LOAD_WAS=''
  stream_begin "$1" restore
  load_say_drops
  load_alone "$3"
  load_allowed "$3" "$4"
  find_server
  load_raise_limit
  [ -z "$DATABASES" ] || load_stop_events
  [ -z "$DATABASES" ] || load_mark "$3"
  {
    printf '%s\n' "$LOAD_DROPS"
    exec cat <&5 2>/dev/null 8>&-
  } | {
    load_client
    printf '%s\n' "$?" >"$RUN/load-ended"
  } | load_listen
  load_heard=$? load_status=1
  ! read -r load_status <"$RUN/load-ended" || :
  if [ "$load_heard:$load_status" = 0:0 ]; then
    [ -z "$DATABASES" ] || load_taken "$3"
    load_let_events
  fi
  load_lower_limit
  exit "$load_status"
}

# Passes on what the client prints. False unless the caller's last statement was carried out: one who was cut off in the
# middle has sent an end, too. Read to the end whether anybody listens or not.
load_listen() {
  load_listen=no
  while IFS= read -r load_line; do
    [ "$load_line" != stillshot-loaded ] || load_listen=yes
    printf '%s\n' "$load_line" 2>/dev/null
  done
  [ "$load_listen" = yes ]
}

# load_taken drop|back
load_taken() {
  printf 'loaded %s\n' "$1" 2>/dev/null >>"$HALF" && sync_file "$HALF"
}

# Somebody's open transaction keeps a table for as long as it likes: waited for ten minutes.
load_say_drops() {
  LOAD_DROPS='SET SESSION FOREIGN_KEY_CHECKS = 0, SESSION lock_wait_timeout = 600;'
  while IFS= read -r load_name; do
    [ -n "$load_name" ] || continue
    is_droppable "$load_name" || refuse database-not-allowed "$load_name is the server's own"
    backticked "$load_name"
    LOAD_DROPS="$LOAD_DROPS${NL}DROP DATABASE IF EXISTS $R;"
  done <<END
$DATABASES
END
}

# One load at a time. One whose caller is gone may never learn of it, and keeps its tables locked: it is ended. Whatever it
# started keeps descriptor 8 open, so that nothing of it is left when the lock is ours. Only who drops may end the load of another
# run: a way back that is late must not end the restore that made it needless.
#
# load_alone drop|back|whole
load_alone() {
  printf '' 2>/dev/null >>"$RUN/loading" || refuse state-unwritable "$RUN/loading cannot be written"
  exec 8>>"$RUN/loading"
  load_tries=0
  until flock -n 8 2>/dev/null; do
    case $load_tries in
      # The shell first, so that it begins nothing more.
      0) ! load_may_end "$1" || { load_signal shell KILL && load_signal client TERM; } ;;
      50) ! load_may_end "$1" || load_signal client KILL ;;
      300) refuse load-busy 'an earlier load could not be ended' ;;
    esac
    load_tries=$((load_tries + 1))
    sleep 0.1
  done
  process_birth $$
  printf 'run %s -\nshell %s %s\n' "$LOAD" "$$" "$R" >"$RUN/loading"
}

load_may_end() {
  [ "$1" != drop ] || return 0
  load_run=''
  read -r _ load_run _ 2>/dev/null <"$RUN/loading"
  [ "$load_run" = "$LOAD" ]
}

# load_signal WHO SIGNAL
load_signal() {
  while read -r load_who load_pid load_birth; do
    [ "$load_who" = "$1" ] && process_birth "$load_pid" && [ "$R" = "$load_birth" ] || continue
    # A limit of GNU's leads a group of its own.
    [ "$load_who" = shell ] || kill -s "$2" -- "-$load_pid" 2>/dev/null
    kill -s "$2" "$load_pid" 2>/dev/null
  done <"$RUN/loading"
  return 0
}

# load_allowed drop|back held|free
load_allowed() {
  [ "$REQUEST_WHOLE" = yes ] || usage 'the request was cut off'
  half_read "$HALF" || :
  if [ "$1" = back ]; then
    load_end_for_good
    [ "$HALF_RUN" = "$LOAD" ] || refuse nothing-dropped "nothing that was dropped for $LOAD is half restored"
    ! half_replaced || refuse replaced "others are in the place of the databases that $LOAD began to replace"
    load_undisturbed "$2" || refuse too-late "what was dropped for $LOAD may have been written since"
    return 0
  fi
  ! load_is_over || refuse load-over "the way back of $LOAD was asked for before"
  [ "$2" = free ] || load_held || refuse not-held "hold $LOAD is over: what it stopped may run again"
  # Accounts, after the databases of the same run.
  [ -n "$DATABASES" ] || [ "$HALF_RUN" != "$LOAD" ] || return 0
  while IFS= read -r load_name; do
    case "$NL$DATABASES" in *"$NL$load_name$NL"*) continue ;; esac
    [ -z "$load_name" ] || refuse half-restored "$load_name is half restored by run $HALF_RUN: restore it together with the others"
  done <<END
$HALF_DATABASES
END
}

# A request that was given up may still be on its way in here: what asks to drop after its own way back drops nothing. In this boot,
# since no request outlives one; under the lock of loads.
load_end_for_good() {
  ! load_is_over || return 0
  { tail -n 99 "$RUN/loads-over" 2>/dev/null || :; printf '%s\n' "$LOAD"; } 2>/dev/null >"$RUN/loads-over.new" &&
    mv "$RUN/loads-over.new" "$RUN/loads-over" || refuse state-unwritable "$RUN/loads-over cannot be written"
}

load_is_over() {
  while read -r load_over; do
    [ "$load_over" != "$LOAD" ] || return 0
  done 2>/dev/null <"$RUN/loads-over"
  return 1
}

load_held() {
  HOLD=$LOAD
  read_state "$LOAD" && [ "$STATE" = held ] && read_plan
}

# Nobody can have written since: what writes was kept down, or not much time has gone by.
load_undisturbed() {
  if [ "$1" = held ] && [ "$INIT" = systemd ]; then
    for load_unit in $HALF_KEPT; do
      [ -f "$SYSTEM/$load_unit.d/$HALF_DROP_IN" ] || return 1
    done
    return 0
  fi
  [ "$HALF_BOOT" = "$BOOT" ] || return 1
  [ "$1" = free ] || return 0
  uptime_ms
  is_between "${HALF_AT%???}" 0 "$NOW" && [ $((NOW - HALF_AT)) -le "$LOAD_BACK_WITHIN" ]
}

# The condition is there before the mark: without one it keeps nothing down.
load_mark() {
  if [ "$1" = back ]; then
    printf 'loaded -\n' 2>/dev/null >>"$HALF" && sync_file "$HALF" || load_refuse state-unwritable "$HALF cannot be written"
    return 0
  fi
  LOAD_KEPT='' LOAD_DATA=''
  [ "$LOAD_HELD" = free ] || load_keep
  ! half_witness "$stream_datadir" || LOAD_DATA=$stream_datadir$NL
  uptime_ms
  {
    printf 'run %s\nsince %s\nboot %s %s\nheld %s\n' "$LOAD" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$BOOT" "$NOW" "$LOAD_HELD" &&
      load_mark_lines data "$LOAD_DATA" && load_mark_lines kept "$LOAD_KEPT" && load_mark_lines was "$LOAD_WAS" && load_mark_lines database "$DATABASES" &&
      load_mark_lines kept "$(printf '%s' "$HALF_KEPT" | tr ' ' '\n')$NL" && load_mark_lines was "$HALF_WAS"
  } 2>/dev/null >"$HALF.new" && sync_file "$HALF.new" && mv "$HALF.new" "$HALF" || load_refuse state-unwritable "$HALF cannot be written"
  sync_file "$MEMORY"
}

# load_mark_lines KEY LINES
load_mark_lines() {
  load_mark_rest=$2
  while [ -n "$load_mark_rest" ]; do
    load_mark_line=${load_mark_rest%%"$NL"*}
    load_mark_rest=${load_mark_rest#"$load_mark_line"}
    load_mark_rest=${load_mark_rest#"$NL"}
    [ -z "$load_mark_line" ] || printf '%s %s\n' "$1" "$load_mark_line" || return 1
  done
}

# LOAD_KEPT: all that the hold's profile names and what belongs to it, a unit a line. LOAD_WAS: what of it ran, in start order.
load_keep() {
  load_rest=$REVERSED
  while [ -n "$load_rest" ]; do
    # shellcheck disable=SC2086 # four words
    set -- ${load_rest%%"$NL"*}
    load_rest=${load_rest#*"$NL"}
    [ "$1" != dbms ] && [ "$2" != - ] || continue
    load_unit=$2 load_active=$3 load_seconds=$4
    load_keep_related "$TRIGGERS"
    LOAD_KEPT="$LOAD_KEPT$load_unit$NL"
    [ "$load_active" != active ] || LOAD_WAS="$LOAD_WAS$load_unit $load_seconds$NL"
    load_keep_related "$DEPENDENTS"
  done
  [ "$INIT" = systemd ] || return 0
  # shellcheck disable=SC2086 # unit names without blanks
  half_keep_down $LOAD_KEPT || load_refuse half-unkept 'systemd did not take the drop-ins that keep the application down'
}

load_keep_related() {
  related "$1" "$load_unit"
  LOAD_WAS_RELATED=$ACTIVE
  while read -r load_owner load_related _; do
    [ "$load_owner" != "$load_unit" ] || [ -z "$load_related" ] || LOAD_KEPT="$LOAD_KEPT$load_related$NL"
  done <<END
$1
END
  for load_related in $LOAD_WAS_RELATED; do
    LOAD_WAS="$LOAD_WAS$load_related $load_seconds$NL"
  done
}

load_client() {
  exec 6<&0
  credentials | load_run &
  load_client=$!
  process_birth "$load_client"
  printf 'client %s %s\n' "$load_client" "$R" >>"$RUN/loading"
  wait "$load_client"
}

load_run() {
  exec timeout -s TERM "$LONGEST" "$CLIENT" --defaults-file=/dev/fd/3 --protocol=socket "--socket=$SOCKET" --batch \
    --skip-column-names --binary-mode --local-infile=0 --connect-timeout=5 --default-character-set=utf8mb4 \
    --max-allowed-packet=1G 3<&0 <&6 6<&- 5<&- 9>&-
}

is_droppable() {
  case $1 in
    [Ii][Nn][Ff][Oo][Rr][Mm][Aa][Tt][Ii][Oo][Nn]_[Ss][Cc][Hh][Ee][Mm][Aa]) return 1 ;;
    [Pp][Ee][Rr][Ff][Oo][Rr][Mm][Aa][Nn][Cc][Ee]_[Ss][Cc][Hh][Ee][Mm][Aa]) return 1 ;;
    [Mm][Yy][Ss][Qq][Ll] | [Ss][Yy][Ss]) return 1 ;;
  esac
}

# $1 as an identifier, in R.
backticked() {
  backticked_rest=$1 R=''
  while :; do
    case $backticked_rest in
      *\`*)
        R="$R${backticked_rest%%\`*}\`\`"
        backticked_rest=${backticked_rest#*\`}
        ;;
      *) break ;;
    esac
  done
  R="\`$R$backticked_rest\`"
}
