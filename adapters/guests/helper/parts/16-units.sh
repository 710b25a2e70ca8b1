
# === Units: systemd's, or SysV init scripts, shown in systemd's words ===

SHOWN=Id,LoadState,ActiveState,SubState,Result,MainPID,ExecMainStatus,ExecMainCode,InvocationID,NRestarts,FragmentPath
SHOWN=$SHOWN,UnitFileState,DropInPaths,TriggeredBy,RequiredBy,BoundBy,ConsistsOf,RequisiteOf,PropagatesStopTo
SHOWN=$SHOWN,StateChangeTimestampMonotonic,InactiveEnterTimestampMonotonic,InactiveExitTimestampMonotonic
SHOWN=$SHOWN,ActiveEnterTimestampMonotonic,ActiveExitTimestampMonotonic,ExecMainStartTimestampMonotonic
SHOWN=$SHOWN,ExecMainExitTimestampMonotonic,SendSIGKILL,TimeoutStopUSec,Type,NeedDaemonReload

# The same test as sd_booted(3).
know_init() {
  INIT=sysv
  [ ! -d "$SYSTEMD" ] || INIT=systemd
}

# show_units UNIT…: one block of properties for each, in this order, in BLOCKS. One process for all of them.
show_units() {
  if [ "$INIT" = systemd ]; then
    BLOCKS=$(systemctl show -p "$SHOWN" -- "$@" 2>/dev/null)
    return 0
  fi
  BLOCKS=
  for show_units in "$@"; do
    sysv_block "${show_units%.service}"
    BLOCKS="$BLOCKS$R$NL$NL"
  done
}

# The same beside other work: show_units_to FILE UNIT…, to be called with &; read_units FILE afterwards, without a process.
show_units_to() {
  show_units_file=$1
  shift
  if [ "$INIT" = systemd ]; then
    exec systemctl show -p "$SHOWN" -- "$@" >"$show_units_file" 2>/dev/null
  fi
  show_units "$@"
  printf '%s\n' "$BLOCKS" >"$show_units_file"
}

read_units() {
  BLOCKS=
  while IFS= read -r read_units; do
    BLOCKS=$BLOCKS$read_units$NL
  done <"$1"
}

sysv_block() {
  R="Id=$1${NL}LoadState=not-found${NL}ActiveState=inactive"
  [ -x "$INITD/$1" ] || return 0
  sysv_block_active=inactive sysv_block_enabled=disabled
  ! timeout -s KILL 10 "$INITD/$1" status >/dev/null 2>&1 9>&- 4<&- || sysv_block_active=active
  set +f
  for sysv_block_link in "${INITD%/*}"/rc[2345].d/S[0-9][0-9]"$1"; do
    [ ! -e "$sysv_block_link" ] || sysv_block_enabled=enabled
  done
  set -f
  R="Id=$1${NL}LoadState=loaded${NL}ActiveState=$sysv_block_active${NL}UnitFileState=$sysv_block_enabled"
  R="$R${NL}FragmentPath=$INITD/$1"
}

# Takes the first block off BLOCKS into BLOCK; false when there is none.
next_block() {
  [ -n "$BLOCKS" ] || return 1
  BLOCK=$NL${BLOCKS%%"$NL$NL"*}$NL
  case $BLOCKS in
    *"$NL$NL"*) BLOCKS=${BLOCKS#*"$NL$NL"} ;;
    *) BLOCKS='' ;;
  esac
}

# Property $1 of BLOCK in R; empty when it is not there.
property() {
  case $BLOCK in
    *"$NL$1="*)
      R=${BLOCK#*"$NL$1="}
      R=${R%%"$NL"*}
      ;;
    *) R='' ;;
  esac
}

# BLOCK as an object of strings.
block_json() {
  json_map "$BLOCK"
}

# Starts or stops units: act VERB SECONDS UNIT…. The client is ended when its time is over, never the job: systemd goes on
# stopping a server that is slow. False when it was not done in time, or failed. Descriptor 9 is the lock, 4 the log,
# 5 what a sync waits for: a daemon that a SysV script leaves behind must not keep them, nor ignored signals.
act() {
  act_verb=$1 act_seconds=$2
  shift 2
  if [ "$INIT" = systemd ]; then
    act_systemd "$@" || { [ "$act_verb" = start ] && was_too_often "$@" && act_systemd "$@"; }
    return
  fi
  for act_unit in "$@"; do
    act_sysv "${act_unit%.service}" || return 1
  done
}

act_systemd() {
  timeout -s KILL "$act_seconds" systemctl "$act_verb" -- "$@" >/dev/null 2>&1 9>&- 5>&- 4<&-
}

# True when systemd refused to start one of the UNITs because it had been started too often of late, by whomever: it keeps a
# count of each unit (StartLimitBurst), which is forgotten here.
was_too_often() {
  case $NL$(systemctl show -p Result -- "$@" 2>/dev/null 9>&-)$NL in
    *"$NL"Result=*start-limit-hit"$NL"*) systemctl reset-failed -- "$@" 2>/dev/null 9>&- ;;
    *) return 1 ;;
  esac
}

# An init script is never ended either: it is left to finish behind our back.
act_sysv() {
  if [ "$act_verb $1" = "start ${SOON_UNIT-}" ]; then
    act_sysv_pid=$SOON_PID SOON_UNIT=''
  else
    sysv_begin "$1" "$act_verb"
    act_sysv_pid=$!
  fi
  uptime_ms
  act_sysv_until=$((NOW + act_seconds * 1000))
  while kill -0 "$act_sysv_pid" 2>/dev/null; do
    uptime_ms
    [ "$NOW" -lt "$act_sysv_until" ] || return 1
    sleep 0.05
  done
  wait "$act_sysv_pid"
}

sysv_begin() {
  (
    # shellcheck disable=SC2086 # a list of names
    trap - $SIGNALS
    umask 022
    printf 0 2>/dev/null >"$PROC/self/oom_score_adj"
    exec "$INITD/$1" "$2"
  ) </dev/null >/dev/null 2>&1 9>&- 5>&- 4<&- &
}

# begin_start SECONDS UNIT…: asks for a start and does not wait for it; BEGIN_FAILED is not empty once systemd has said that it
# failed. `end_start SECONDS UNIT` waits for it, and tries once more what failed: init scripts need not bear two starts at once.
begin_start() {
  BEGIN_FAILED=$RUN/holds/$HOLD/start-failed
  if [ "$INIT" = systemd ]; then
    printf '' 2>/dev/null >"$BEGIN_FAILED"
    {
      act start "$@" || {
        printf 'failed\n' 2>/dev/null >"$BEGIN_FAILED"
        exit 1
      }
    } 9>&- 4<&- &
    BEGUN=$!
    return
  fi
  shift
  for begin_unit in "$@"; do
    SOON_UNIT=${begin_unit%.service}
    sysv_begin "$SOON_UNIT" start
    SOON_PID=$!
  done
}

end_start() {
  [ "$INIT" = systemd ] && wait "$BEGUN" || act start "$@"
}

# Asks systemd to start UNIT… once they have stopped. Nobody sees whether that is too often, so the counts are forgotten first.
start_later() {
  systemctl reset-failed -- "$@" >/dev/null 2>&1 9>&- 4<&-
  systemctl start --no-block -- "$@" >/dev/null 2>&1 9>&- 4<&-
}
