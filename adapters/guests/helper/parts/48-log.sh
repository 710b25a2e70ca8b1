
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
  if is_path "$note_log" && { [ -e "$note_log" ] || [ -L "$note_log" ]; }; then
    ! open_log "$note_log" || LOG="file $LOG_SIZE $note_log"
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

# open_log PATH: descriptor 4 on the log, at its end, so that one process can read what comes, even of a log that is renamed
# meanwhile; its size in LOG_SIZE. The log's directory belongs to the server's user, who could put a link to a secret or a
# pipe there: what is open is judged, not what the name says.
open_log() {
  [ ! -L "$1" ] && [ -f "$1" ] || return 1
  # A pipe put there just now would hold us for ever. Nothing is stopped yet: this verb ends without an answer.
  (sleep 5 && kill -s KILL $$) >/dev/null 2>&1 9>&- &
  open_log_guard=$!
  { command exec 4<"$1" || exec 4<&-; } 2>/dev/null
  # Not a signal that may be ignored: the guard must never fire later.
  kill -s KILL "$open_log_guard" 2>/dev/null
  wait "$open_log_guard" 2>/dev/null
  if open_log_judged; then
    # Others who look do not keep it open: a hold may be counting.
    case $VERB in
      hold | come-back) tail -c 1 <&4 >/dev/null ;;
      *) exec 4<&- ;;
    esac
    return 0
  fi
  exec 4<&-
  return 1
}

# A regular file of the server's user, or one of root's that everybody may read.
open_log_judged() {
  open_log_stat=$(stat -L -c '%F|%u|%a|%s' -- "$PROC/self/fd/4" 2>/dev/null) || return 1
  LOG_SIZE=${open_log_stat##*|}
  is_between "$LOG_SIZE" 0 999999999 || LOG_SIZE=0
  case $open_log_stat in
    regular*'|0|'*[4567]'|'*) return 0 ;;
    regular*'|0|'*) return 1 ;;
    regular*"|$SERVER_USER|"*) return 0 ;;
  esac
  return 1
}

# log_json SOURCE PATH TRUNCATED: LOG_JSON from the base64 text in R.
log_json() {
  squeeze "$R"
  log_text=$R
  quote_or_null "$2"
  LOG_JSON="{\"source\":\"$1\",\"path\":$R,\"textBase64\":\"$log_text\",\"truncated\":$3}"
}

# log_since SIZE noted|-: LOG_JSON with what was written since LOG was noted; at most the last 64 KiB. A log that shrank was begun
# anew. $1 is the file's size now; `noted`: descriptor 4 stands where LOG says. Only descriptor 4 is read, opened anew
# where another place in it is wanted. Nor is it followed for ever where somebody writes as fast as it is read.
log_since() {
  R=
  case $LOG in
    file\ *)
      log_from=${LOG#file } log_path=${LOG#file * } log_cut=false
      log_from=${log_from%% *}
      [ "$1" -ge "$log_from" ] || log_from=0
      [ $(($1 - log_from)) -le 65536 ] || log_from=$(($1 - 65536)) log_cut=true
      if [ "$2" = noted ] && [ "$log_cut" = false ]; then
        R=$(head -c 65536 <&4 | base64)
      else
        R=$(timeout -s KILL 10 tail -c "+$((log_from + 1))" "$PROC/self/fd/4" 2>/dev/null | head -c 65536 | base64)
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
      log_size=${LOG#file }
      log_size=${log_size%% *}
      R=$(timeout -s KILL 10 tail -c 65536 "$PROC/self/fd/4" 2>/dev/null | head -c 65536 | last_start | base64)
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
