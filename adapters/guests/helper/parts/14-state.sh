
# === State: /run/stillshot, which a boot empties, and one lock ===
#
# RUN/lock            held (flock, descriptor 9) while a verb changes something
# RUN/blocked         not empty while a hold keeps units from starting; every block looks at it, so that emptying it,
#                     a builtin, sets all of them free at once
# RUN/holds/ID/states one line a state: NAME UPTIME_MS; the last one counts, but for a watchdog that comes too late.
#                     Open, so that no other hold may begin: stopping, held, releasing, expired (the watchdog starts
#                     things). Over, so that nothing is started for it any more: released, refused (everything was seen
#                     active and the watchdog disarmed), ended (the watchdog saw everything active), blocked
# RUN/holds/ID/plan   what was found running, written before anything stops; release and watchdog read it
# RUN/holds/ID/*.json answers as they were given
# RUN/complaints      what shell and programs complained of while the last verb had the lock

# Nor with SIGCHLD (17 on all but Alpha, MIPS, PA-RISC and SPARC) blocked, which is inherited: a shell cannot unblock it, and
# would wait for ever for a process that has ended.
require_root() {
  require_root='' require_root_blocked=0
  while read -r require_root_key require_root_value _; do
    case $require_root_key in
      Uid:) require_root=$require_root_value ;;
      SigBlk:) require_root_blocked=0x${require_root_value#????????} ;;
    esac
  done <"$PROC/self/status"
  [ "$require_root" = "$OWNER" ] || usage 'only root may call this'
  [ $((require_root_blocked & 0x10000)) -eq 0 ] || usage 'the caller blocks SIGCHLD'
}

# Limits are inherited through sudo. A caller's must neither cut off what is written here nor bind a server that an init
# script starts for us. Not every shell knows every letter, and a container may forbid it.
# shellcheck disable=SC3045 # what a shell does not know fails
raise_limits() {
  for raise_limits in t f d v m p u; do
    ulimit -"$raise_limits" unlimited
  done 2>/dev/null
  raise_limits=$(ulimit -n)
  case $raise_limits in ? | ?? | ???) ulimit -n 1024 2>/dev/null ;; esac
}

# Signals that a caller's terminal, timers or hang-up may send; a program that is left to itself gets them back.
SIGNALS='HUP INT QUIT PIPE ALRM USR1 USR2 TSTP TTIN TTOU'

ignore_signals() {
  # shellcheck disable=SC2086 # a list of names
  trap '' $SIGNALS
}

# Our own directory, made or found safe: /run and /var/lib are written by root alone, but a link there, or a directory
# that somebody else owns, would let its owner write our plans.
safe_directory() {
  [ -d "$1" ] || mkdir -m 0700 "$1" 2>/dev/null
  # shellcheck disable=SC3067 # -O is in every shell that we know (dash, ash, bash, ksh) and costs no process
  [ ! -L "$1" ] && [ -d "$1" ] && [ -O "$1" ]
}

# What was written to $1 is on the disk.
sync_file() {
  sync -f "$1" 2>/dev/null || sync
}

# Of the files of directory $1 the newest twenty: they are named by ids, which sort by time.
keep_newest() {
  set +f
  set -- "$1"/*
  set -f
  while [ $# -gt 20 ]; do
    rm -f "$1"
    shift
  done
}

# All that a verb may ask for that starts things: what else is broken must not keep a server down.
open_run() {
  safe_directory "$RUN" || refuse state-unsafe "$RUN is not a directory of root's own"
  safe_directory "$RUN/holds" || refuse state-unsafe "$RUN/holds is not a directory of root's own"
}

open_state() {
  open_run
  safe_directory "$MEMORY" || refuse state-unsafe "$MEMORY is not a directory of root's own"
}

# take_lock SECONDS: false when somebody else had it all the time. busybox's flock cannot wait, so the loop does.
take_lock() {
  # A redirection of exec that fails would end this shell.
  printf '' 2>/dev/null >>"$RUN/lock" || return 1
  exec 9>>"$RUN/lock"
  uptime_ms
  take_lock_until=$((NOW + $1 * 1000))
  until flock -n 9 2>/dev/null; do
    command -v flock >/dev/null || return 1
    uptime_ms
    [ "$NOW" -lt "$take_lock_until" ] || return 1
    sleep 0.1
  done
  # What goes wrong from here on is written down for root: a caller's own place might never be read, and hold us up.
  ! printf '' 2>/dev/null >"$RUN/complaints" || exec 2>"$RUN/complaints"
}

add_state() {
  uptime_ms
  printf '%s %s\n' "$1" "$NOW" >>"$RUN/holds/$2/states"
}

# The state of hold $1 in STATE, and when the watchdog marked it expired (or nothing) in EXPIRED. To everyone else a hold
# whose watchdog starts things is releasing, and expired once it has started them.
read_state() {
  STATE='' EXPIRED=''
  [ -f "$RUN/holds/$1/states" ] || return 1
  while read -r read_state_name read_state_at; do
    case $read_state_name:$STATE in
      expired:released | expired:refused | expired:expired) ;;
      expired:*) STATE=releasing EXPIRED=$read_state_at ;;
      ended:released | ended:refused) ;; # the watchdog only saw what a release had started
      ended:*) STATE=expired ;;
      *) STATE=$read_state_name ;;
    esac
  done <"$RUN/holds/$1/states"
  [ -n "$STATE" ]
}

# True when everything that hold $1 stopped runs again: nothing is started for it any more. It is STATE that tells.
is_over() {
  case $STATE in released | refused | expired) return 0 ;; esac
  return 1
}

# The hold whose components may be down, other than $1, in R; false when there is none.
find_open_hold() {
  set +f
  for find_open_hold in "$RUN"/holds/*; do
    R=${find_open_hold##*/}
    [ "$R" != "$1" ] && is_id "$R" && read_state "$R" || continue
    case $STATE in stopping | held | releasing) set -f && return 0 ;; esac
  done
  set -f
  return 1
}

# The newest twenty holds are kept for whoever comes to collect them, and as many of those that never came: a caller who
# releases what never was must not fill /run, nor push out what was. Ids sort by time. None that is open goes.
forget_old_holds() {
  forget_came='' forget_blocked=''
  set +f
  for forget_path in "$RUN"/holds/*; do
    forget_id=${forget_path##*/}
    is_id "$forget_id" && [ "$forget_id" != "$HOLD" ] || continue
    read_state "$forget_id" || STATE=''
    case $STATE in
      stopping | held | releasing) ;;
      blocked) forget_blocked="$forget_blocked $forget_id" ;;
      *) forget_came="$forget_came $forget_id" ;;
    esac
  done
  set -f
  # shellcheck disable=SC2086 # ids hold no blanks
  forget_but_twenty $forget_came
  # shellcheck disable=SC2086
  forget_but_twenty $forget_blocked
}

forget_but_twenty() {
  while [ $# -gt 20 ]; do
    rm -rf "$RUN/holds/$1"
    shift
  done
}

# save NAME: the document in R. No rename, which would cost a process before the answer is complete: a document that was
# cut short is not answered again.
save() {
  printf '%s\n' "$R" 2>/dev/null >"$RUN/holds/$HOLD/$1.json"
}

# saved NAME: the answer that was saved, in R; empty when there is none, or not a whole one.
saved() {
  R=
  [ ! -s "$RUN/holds/$HOLD/$1.json" ] || R=$(cat "$RUN/holds/$HOLD/$1.json")
  case $R in
    '{'*'}') ;;
    *) R='' ;;
  esac
}

# Answers as it was answered before, and ends; comes back when nothing was saved.
answer_again() {
  saved "$1"
  [ -n "$R" ] || return 0
  say
  case $R in *'"ok":true,"error":null'*) exit 0 ;; esac
  exit 1
}

# How long the last stop and start of this guest took; nothing when there was none, or the file is not ours to trust.
recall_times() {
  LAST_STOP=null LAST_START=null
  [ -f "$MEMORY/times" ] || return 0
  while read -r times_name times_value; do
    number_or_null "$times_value"
    case $times_name in
      stop) LAST_STOP=$R ;;
      start) LAST_START=$R ;;
    esac
  done <"$MEMORY/times"
}

# remember_time stop|start MS
remember_time() {
  safe_directory "$MEMORY" || return 1
  recall_times
  case $1 in
    stop) LAST_STOP=$2 ;;
    start) LAST_START=$2 ;;
  esac
  printf 'stop %s\nstart %s\n' "$LAST_STOP" "$LAST_START" 2>/dev/null >"$MEMORY/times"
}
