
# === load PROFILE ID drop|back held|free: databases dropped and made anew ===
#
# Dropped first, all of them: tables that are replaced one by one meet the foreign keys of those that are still old
# (errno 150). The client takes statements only: binary mode knows no command that would start a shell or read a file.
#
# Before anything is dropped for run ID, that is noted: `back` puts back what there is such a note of, and nothing else.
# What `held` says is that hold ID keeps the application still: nothing is dropped under one that runs.

# As long as a hold may last: a `back` that is later meets what was written since.
LOAD_BACK_WITHIN=3600000

load_verb() {
  expect_words $# 4
  expect_id "$2"
  case $3:$4 in drop:held | drop:free | back:held | back:free) ;; *) usage 'drop or back, held or free?' ;; esac
  ignore_signals
  LOAD=$2
  stream_begin "$1" restore
  load_say_drops
  load_alone
  load_allowed "$3" "$4"
  find_server
  load_raise_limit
  [ "$3" = back ] || [ -z "$DATABASES" ] || load_note
  {
    printf '%s\n' "$LOAD_DROPS"
    exec cat <&5 2>/dev/null 8>&-
  } | load_client
  load_status=$?
  load_lower_limit
  exit "$load_status"
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
# started keeps descriptor 8 open, so that nothing of it is left when the lock is ours.
load_alone() {
  printf '' 2>/dev/null >>"$RUN/loading" || refuse state-unwritable "$RUN/loading cannot be written"
  exec 8>>"$RUN/loading"
  load_tries=0
  until flock -n 8 2>/dev/null; do
    case $load_tries in
      0) load_signal shell KILL && load_signal client TERM ;; # the shell first, so that it begins nothing more
      50) load_signal client KILL ;;
      300) refuse load-busy 'an earlier load could not be ended' ;;
    esac
    load_tries=$((load_tries + 1))
    sleep 0.1
  done
  process_birth $$
  printf 'shell %s %s\n' "$$" "$R" >"$RUN/loading"
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
  load_boot='' load_at=''
  [ "$1" = drop ] || read -r load_boot load_at 2>/dev/null <"$MEMORY/loads/$LOAD" ||
    refuse nothing-dropped "nothing was dropped for $LOAD"
  if [ "$2" = held ]; then
    read_state "$LOAD" && [ "$STATE" = held ] || refuse not-held "hold $LOAD is over: what it stopped may run again"
  elif [ "$1" = back ]; then
    uptime_ms
    is_between "${load_at%???}" 0 "$NOW" && [ "$load_boot" = "$BOOT" ] && [ $((NOW - load_at)) -le "$LOAD_BACK_WITHIN" ] ||
      refuse too-late "what was dropped for $LOAD was dropped too long ago: more may have been written since"
  fi
}

# Kept on the disk, as the databases are.
load_note() {
  uptime_ms
  safe_directory "$MEMORY/loads" && printf '%s %s\n' "$BOOT" "$NOW" 2>/dev/null >"$MEMORY/loads/$LOAD" ||
    refuse state-unwritable "$MEMORY/loads cannot be written"
  sync_file "$MEMORY/loads/$LOAD"
  keep_newest "$MEMORY/loads"
}

# A row may be twice as long in a dump as in the server, whose own limit counts for what it is sent. Raised for this load,
# put back after it; where the load was killed, by the next one.
LOAD_LIMIT=1073741824

load_raise_limit() {
  ask 20 'SELECT @@GLOBAL.max_allowed_packet' --skip-column-names ||
    refuse server-silent "the server did not say how long a statement may be: $ASK_ERROR"
  R=${R%%"$NL"*}
  [ "$R" != "$LOAD_LIMIT" ] || return 0
  printf '%s\n' "$R" 2>/dev/null >"$RUN/load-limit" || refuse state-unwritable "$RUN/load-limit cannot be written"
  ask 20 "SET GLOBAL max_allowed_packet = $LOAD_LIMIT" ||
    refuse limit-not-raised "max_allowed_packet could not be raised, so that long rows would be refused: $ASK_ERROR"
}

load_lower_limit() {
  read -r load_limit 2>/dev/null <"$RUN/load-limit" || return 0
  case $load_limit in '' | *[!0-9]*) return 0 ;; esac
  ! ask 20 "SET GLOBAL max_allowed_packet = $load_limit" || rm -f "$RUN/load-limit"
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
