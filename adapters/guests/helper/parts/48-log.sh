
# === Log: what the server wrote to its error log, or to the journal ===
#
# LOG: "file OFFSET PATH", "journal CURSOR UNIT" or "none": where the server's next line will stand.

note_log() {
  LOG=none
  variable log_error
  note_log=$R
  case $note_log in
    '' | stderr) ;;
    /*) ;;
    *) note_log=$DATADIR/${note_log#./} ;;
  esac
  if is_path "$note_log" && [ -f "$note_log" ]; then
    note_log_size=$(stat -L -c %s -- "$note_log" 2>/dev/null)
    is_between "$note_log_size" 0 999999999 || note_log_size=0
    LOG="file $note_log_size $note_log"
    # Descriptor 4 stands at the end, so that one process can read what comes, even of a log that is renamed meanwhile.
    exec 4<"$note_log" && tail -c 1 <&4 >/dev/null
  elif [ "$INIT" = systemd ] && [ -n "$DBMS" ]; then
    note_log=$(timeout -s KILL 10 journalctl --no-pager -q -n 0 --show-cursor -u "$DBMS" 2>/dev/null)
    case $note_log in
      *'-- cursor: '*)
        note_log=${note_log##*-- cursor: }
        case $note_log in *[!A-Za-z0-9\;=]*) ;; *) LOG="journal $note_log $DBMS" ;; esac
        ;;
    esac
  fi
}

# log_json SOURCE PATH TRUNCATED: LOG_JSON from the base64 text in R.
log_json() {
  squeeze "$R"
  log_text=$R
  quote_or_null "$2"
  LOG_JSON="{\"source\":\"$1\",\"path\":$R,\"textBase64\":\"$log_text\",\"truncated\":$3}"
}

# log_since SIZE noted|-: LOG_JSON with what was written since LOG was noted; at most the last 64 KiB. A log that shrank was begun
# anew. $1 is the file's size now; `noted`: descriptor 4 stands where LOG says.
log_since() {
  R=
  case $LOG in
    file\ *)
      log_from=${LOG#file } log_path=${LOG#file * } log_cut=false
      log_from=${log_from%% *}
      [ "$1" -ge "$log_from" ] || log_from=0
      [ $(($1 - log_from)) -le 65536 ] || log_from=$(($1 - 65536)) log_cut=true
      if [ "$2" = noted ] && [ "$log_cut" = false ]; then
        R=$(base64 <&4)
      elif [ -f "$log_path" ]; then
        R=$(tail -c "+$((log_from + 1))" "$log_path" 2>/dev/null | base64)
      fi
      log_json file "$log_path" "$log_cut"
      ;;
    journal\ *)
      log_cursor=${LOG#journal }
      R=$(timeout -s KILL 10 journalctl --no-pager -q -o cat -u "${LOG##* }" "--after-cursor=${log_cursor%% *}" 2>/dev/null | tail -c 65536 | base64)
      log_json journal '' false
      ;;
    *) log_json none '' false ;;
  esac
}

# LOG_JSON with what server $1 wrote since it was last started: from the line in which it names its process on.
log_since_start() {
  R=
  case $LOG in
    file\ *)
      log_path=${LOG#file * }
      log_size=$(stat -L -c %s -- "$log_path" 2>/dev/null)
      [ ! -f "$log_path" ] || R=$(tail -c 65536 "$log_path" 2>/dev/null | last_start | base64)
      log_cut=false
      [ "${log_size:-0}" -le 65536 ] || [ "${#R}" -lt 87000 ] || log_cut=true
      log_json file "$log_path" "$log_cut"
      ;;
    journal\ *)
      property InvocationID
      [ -n "$R" ] || R=none
      R=$(timeout -s KILL 10 journalctl --no-pager -q -o cat -b "_SYSTEMD_INVOCATION_ID=$R" 2>/dev/null | tail -c 65536 | base64)
      log_json journal '' false
      ;;
    *) log_json none '' false ;;
  esac
}

# "starting as process 123" (MySQL), "Starting MariaDB … as process 123": nothing before the last such line.
last_start() {
  awk '/[Ss]tarting .*as process [0-9]+/ { text = "" } { text = text $0 "\n" } END { printf "%s", text }'
}
