
# === Settings of the server that stand otherwise while databases are made anew ===

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
  # What is longer than that stands in the log now, and the server cannot tell any more where the log is (BINLOG_GTID_POS is NULL,
  # seen in MariaDB 10.11.19): mariadb-dump --master-data ends with a segmentation fault. In a log of its own it harms no dump.
  ask 20 'FLUSH BINARY LOGS' || :
}

# What the server does by its own calendar would write into what is not whole yet, and between a dump and the changes that are
# carried out over it. It goes on when a load was taken whole: of this run, or of the one that mends what this one has left.
load_stop_events() {
  variable event_scheduler
  case $R in 1 | ON) ;; *) return 0 ;; esac
  printf 'ON\n' 2>/dev/null >"$RUN/load-events" || load_refuse state-unwritable "$RUN/load-events cannot be written"
  ask 20 'SET GLOBAL event_scheduler = OFF' ||
    load_refuse events-not-stopped "event_scheduler could not be switched off, so that events would write meanwhile: $ASK_ERROR"
}

load_let_events() {
  [ -f "$RUN/load-events" ] || return 0
  ! ask 20 'SET GLOBAL event_scheduler = ON' || rm -f "$RUN/load-events"
}

# Nothing was dropped: the settings are as they were.
load_refuse() {
  load_lower_limit
  load_let_events
  refuse "$@"
}
