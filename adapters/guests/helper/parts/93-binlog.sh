
# === binlogs PROFILE FILE POSITION, binlog PROFILE FILE POSITION LAST_FILE LAST_POSITION SECONDS ===
#
# What was changed since a dump, out of the server's own binary log: the server reads it, so that it may be encrypted and lie
# anywhere. Changes nothing.

# The logs that are there, where the server writes now, and how a position of a dump is called by its GTIDs.
binlogs_verb() {
  expect_words $# 3
  expect_profile "$1"
  is_name "$2" && is_position "$3" || usage 'a position is a file and a number'
  load_profile "$1"
  read_password
  open_state
  contains "$ALLOWED" backup || refuse not-allowed "the profile $1 in this guest does not allow backups"
  SOCKET='' VARS='' BINLOGS='[]' BINLOG_END=null BINLOG_GTID='' BINLOG_ONLY='' BINLOG_WITHOUT=''
  find_client
  binlogs_ask "$2" "$3" && ASK_ERROR=''
  quote_or_null "$ASK_ERROR"
  binlogs=",\"serverSilent\":$R,\"logs\":$BINLOGS,\"end\":$BINLOG_END"
  quote_or_null "$BINLOG_GTID"
  binlogs="$binlogs,\"gtid\":$R"
  quote_or_null "$BINLOG_ONLY"
  binlogs="$binlogs,\"only\":$R"
  quote_or_null "$BINLOG_WITHOUT"
  binlogs="$binlogs,\"without\":$R"
  find_binlog_program || BINLOG=''
  quote_or_null "$BINLOG"
  binlogs="$binlogs,\"program\":$R"
  variable server_uuid
  quote_or_null "$R"
  document true null "$binlogs,\"serverUuid\":$R"
  say
}

# MariaDB's client reads what MariaDB's server wrote.
find_binlog_program() {
  BINLOG=$(command -v mariadb-binlog) || BINLOG=$(command -v mysqlbinlog)
}

# False when the server did not answer, why in ASK_ERROR. One that keeps no log has none of it.
binlogs_ask() {
  ask_variables 20 || return 1
  variable log_bin
  case $R in 1 | ON) ;; *) return 0 ;; esac
  binlogs_list || return 1
  binlogs_json
  ask 20 'SHOW MASTER STATUS' --skip-column-names || ask 20 'SHOW BINARY LOG STATUS' --skip-column-names || return 1
  binlogs_filters "${R%%"$NL"*}"
  IFS=$TAB read -r binlogs_file binlogs_position _ <<END
$R
END
  is_name "$binlogs_file" && number_or_null "$binlogs_position" && BINLOG_END="{\"file\":\"$binlogs_file\",\"position\":$R}"
  variable version
  case $R in
    *MariaDB*)
      ask 20 "SELECT COALESCE(BINLOG_GTID_POS('$1', $2), '')" --skip-column-names || return 1
      BINLOG_GTID=${R%%"$NL"*}
      ;;
  esac
}

# The databases that alone are logged, and those that are not, out of "file<TAB>position<TAB>only<TAB>without…". Field by field:
# `read` would take the blanks around an empty one for one blank.
binlogs_filters() {
  case $1 in *"$TAB"*"$TAB"*) ;; *) return 0 ;; esac
  binlogs_rest=${1#*"$TAB"*"$TAB"}
  BINLOG_ONLY=${binlogs_rest%%"$TAB"*}
  case $binlogs_rest in *"$TAB"*) binlogs_rest=${binlogs_rest#*"$TAB"} ;; *) binlogs_rest='' ;; esac
  BINLOG_WITHOUT=${binlogs_rest%%"$TAB"*}
}

# Lines "file<TAB>bytes…" in R.
binlogs_list() {
  ask 20 'SHOW BINARY LOGS' --skip-column-names || return 1
  R=${R%stillshot-end*}
}

binlogs_json() {
  BINLOGS=''
  while IFS=$TAB read -r binlogs_file binlogs_bytes _; do
    is_name "$binlogs_file" || continue
    number_or_null "$binlogs_bytes"
    BINLOGS="$BINLOGS,{\"file\":\"$binlogs_file\",\"sizeBytes\":$R}"
  done <<END
$R
END
  BINLOGS="[${BINLOGS#,}]"
}

# As SQL, from the first position to the last, but nothing of that second or later. Times of the log are the guest's.
binlog_verb() {
  expect_words $# 6
  is_name "$2" && is_name "$4" && is_position "$3" && is_position "$5" && is_epoch "$6" ||
    usage 'two positions and a time'
  stream_begin "$1" backup
  find_server
  find_binlog_program || refuse binlog-missing 'neither mariadb-binlog nor mysqlbinlog is there'
  binlog_from=$2 binlog_to=$4
  binlog_stop=$(date -u -d "@$6" '+%Y-%m-%d %H:%M:%S') || refuse time-unknown 'date does not know the time'
  binlog_knows=$("$BINLOG" --no-defaults --help 2>/dev/null)
  set -- --defaults-file=/dev/fd/3 --protocol=socket "--socket=$SOCKET" --read-from-remote-server \
    "--start-position=$3" "--stop-position=$5" "--stop-datetime=$binlog_stop"
  # With their old names MySQL takes transactions for such as it has seen, and leaves them out without a word.
  case $binlog_knows in *--skip-gtids*) set -- "$@" --skip-gtids ;; esac
  case $binlog_knows in *--skip-annotate-row-events*) set -- "$@" --skip-annotate-row-events ;; esac
  binlogs_list || refuse server-silent "the server did not name its logs: $ASK_ERROR"
  binlog_state=before
  while IFS=$TAB read -r binlog_file _; do
    [ "$binlog_file" != "$binlog_from" ] || binlog_state=within
    if [ "$binlog_state" = within ] && is_name "$binlog_file"; then set -- "$@" "$binlog_file"; fi
    [ "$binlog_file" != "$binlog_to" ] || binlog_state="$binlog_state-ended"
  done <<END
$R
END
  [ "$binlog_state" = within-ended ] || refuse binlog-gone "the logs from $binlog_from to $binlog_to are not there"
  TZ=UTC0
  export TZ
  packed "$BINLOG" "$@"
  exit
}

# Seconds since 1970, of this century.
is_epoch() {
  case $1 in [1-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]) return 0 ;; esac
  return 1
}

# A log may be longer than a number of nine digits tells.
is_position() {
  case $1 in '' | 0* | *[!0-9]* | ?????????????*) return 1 ;; esac
}
