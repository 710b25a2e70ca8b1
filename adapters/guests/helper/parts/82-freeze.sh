
# === freeze SOURCE: a hold taken from inside, for somebody else's snapshot ===
#
# Called by what freezes the guest's file systems for a snapshot or a backup: the hook of qemu-guest-agent, the scripts of
# VMware Tools. SOURCE names the caller: a thaw ends what the same caller's freeze began, and nothing else. A freeze that
# fails has left nothing stopped, because some callers (qemu-guest-agent) then never ask for a thaw.

FREEZE_SETTINGS=${PROFILES%/*}/freeze

freeze_verb() {
  expect_words $# 1
  expect_source "$1"
  uptime_ms
  freeze_at=$NOW
  read_clocks
  FREEZE_CALLED="$WALL $freeze_at $CLOCKS_UPTIME $CLOCKS_SPREAD" FREEZE='' FREEZE_SOURCE=$1
  ignore_signals
  trap freeze_cancel TERM
  exec </dev/null
  rm -f "$RUN/thawed/$1"
  freeze_settings
  open_state
  freeze_begin "$1"
  freeze_join
  freeze_look
  freeze_hold
  freeze_is_awaited || freeze_undo cancelled 'the caller is gone'
  freeze_is_clean || freeze_undo unclean "$R"
  # Last: what was killed before, or failed, is evidence of nothing, because its caller may take the snapshot all the same.
  printf '%s\n' "$FREEZE_CALLED" 2>/dev/null >"$FREEZE/called"
  document true null ",\"joined\":null"
  say
}

expect_source() {
  is_name "$1" || usage 'a source is a name of letters, digits, dots, dashes'
}

# PROFILE, TTL and START, from a file that only root can write: what calls the hook passes nothing of its own.
freeze_settings() {
  PROFILE='' TTL='' START=''
  [ -f "$FREEZE_SETTINGS" ] && [ ! -L "$FREEZE_SETTINGS" ] || freeze_refuse freeze-unset "there is no $FREEZE_SETTINGS"
  owned_alone "$FREEZE_SETTINGS" || freeze_refuse profile-unsafe "$FREEZE_SETTINGS: $R"
  while read -r freeze_key freeze_value; do
    case $freeze_key in
      stillshot-freeze) [ "$freeze_value" = 1 ] || freeze_refuse profile-invalid "$FREEZE_SETTINGS is of another version" ;;
      profile) PROFILE=$freeze_value ;;
      ttl) TTL=$freeze_value ;;
      start) START=$freeze_value ;;
      *) freeze_refuse profile-invalid "$FREEZE_SETTINGS: '$freeze_key' is not understood" ;;
    esac
  done <"$FREEZE_SETTINGS"
  is_name "$PROFILE" && is_between "$TTL" 5000 3600000 && is_between "$START" 0 "$TTL" ||
    freeze_refuse profile-invalid "$FREEZE_SETTINGS does not say profile, ttl and start"
}

# A caller that freezes again has ended its former freeze, whether it said so or not. What that showed is evidence of nothing: a
# snapshot that was begun before this freeze, and is taken after it, would be dated inside the former one.
freeze_begin() {
  FREEZE=$RUN/freezes/$1
  safe_directory "$RUN/freezes" || freeze_refuse state-unsafe "$RUN/freezes is not a directory of root's own"
  [ ! -s "$FREEZE/id" ] || : 2>/dev/null >"$FREEZE/contended"
  [ ! -s "$FREEZE/id" ] || "$SELF" thaw "$1" >/dev/null 2>&1 || freeze_refuse guest-locked 'an earlier freeze could not be ended'
  rm -rf "$FREEZE"
  mkdir -m 0700 "$FREEZE" 2>/dev/null ||
    freeze_refuse state-unwritable "$FREEZE cannot be written"
}

# Whoever holds the guest already has a snapshot taken: its hypervisor asks for a freeze as part of that (Proxmox VE does so
# for every snapshot where the agent is on). Not so the hold of another freeze: its caller ends it when it likes, this freeze
# fails, and its caller may take a snapshot all the same. Nobody could tell which snapshot is whose.
freeze_join() {
  find_open_hold '' || return 0
  freeze_other=$R
  if find_freeze "$freeze_other"; then
    : 2>/dev/null >"$R/contended"
    return 0
  fi
  read_state "$freeze_other"
  [ "$STATE" = held ] || return 0
  printf '%s\n' "$freeze_other" >"$FREEZE/joined"
  document true null ",\"joined\":\"$freeze_other\""
  say
  exit 0
}

# Everything that preflight would look at: kept as evidence. What rules out a clean stop is seen before anything stops.
freeze_look() {
  "$SELF" probe "$PROFILE" >"$FREEZE/probe.json" 2>/dev/null || freeze_give_up "$FREEZE/probe.json"
  IFS= read -r R <"$FREEZE/probe.json"
  case $R in
    *'"innodb_fast_shutdown":"2"'*)
      rm -rf "$FREEZE"
      freeze_refuse unclean 'innodb_fast_shutdown is 2: the server would not stop cleanly'
      ;;
  esac
}

# The id is written down before anything stops, so that a thaw finds what a freeze that died had begun.
freeze_hold() {
  new_id
  HOLD=$R
  printf '%s\n' "$HOLD" 2>/dev/null >"$FREEZE/id" || freeze_refuse state-unwritable "$FREEZE cannot be written"
  # Waited for, because only a shell that waits is interrupted by a signal at once.
  "$SELF" hold "$PROFILE" "$HOLD" "$TTL" "$START" >"$FREEZE/hold.json" 2>/dev/null &
  wait "$!" || freeze_give_up "$FREEZE/hold.json"
}

# VMware Tools ends a script that takes too long, first politely, and then asks it for no thaw. The hold may still be
# stopping something, longer than we have: its end is left to a process of its own, which waits for it.
# shellcheck disable=SC2317 # a signal calls it
freeze_cancel() {
  trap '' TERM
  [ -z "$FREEZE" ] || rm -f "$FREEZE/called"
  if [ -z "$HOLD" ]; then
    [ -z "$FREEZE" ] || rm -rf "$FREEZE"
  elif command -v setsid >/dev/null; then
    setsid "$SELF" thaw "$FREEZE_SOURCE" </dev/null >/dev/null 2>&1 &
  else
    "$SELF" thaw "$FREEZE_SOURCE" </dev/null >/dev/null 2>&1 &
  fi
  freeze_refuse cancelled 'the caller gave up'
}

# A hold that was refused has started again whatever it stopped, or its watchdog does.
freeze_give_up() {
  freeze_said "$1"
  ! read_state "$HOLD" || is_over || freeze_refuse "$SAID_CODE" "$R"
  rm -rf "$FREEZE"
  freeze_refuse "$SAID_CODE" "$R"
}

# What the document in file $1 says went wrong: its code in SAID_CODE, its message in R.
freeze_said() {
  SAID_CODE=no-answer freeze_document=
  IFS= read -r freeze_document <"$1" || :
  R='the helper did not answer'
  case $freeze_document in
    *'"error":{"code":"'*)
      R=${freeze_document#*'"error":{"code":"'}
      SAID_CODE=${R%%\"*}
      R=${R#*'"message":"'}
      R=${R%%'"}'*}
      ;;
  esac
}

# False when the caller has died since: nobody would ask for a thaw.
freeze_is_awaited() {
  read -r freeze_stat <"$PROC/self/stat"
  # shellcheck disable=SC2086 # after the name, in brackets: state, parent
  set -- ${freeze_stat##*) }
  [ "$2" = "$PPID" ]
}

# Why the stop is not clean, in R, as far as it can be told without judging the evidence.
freeze_is_clean() {
  IFS= read -r freeze_held <"$FREEZE/hold.json"
  R='not every file system was synced'
  case $freeze_held in *'"synced":true'*) ;; *) return 1 ;; esac
  R='a component ended badly'
  case $freeze_held in *'"activeState":"failed"'*) return 1 ;; esac
  R='a database server still runs in this guest'
  case $freeze_held in *'"dbms":null'* | *'"processes":[]'*) ;; *) return 1 ;; esac
}

freeze_undo() {
  freeze_code=$1 freeze_why=$2
  "$SELF" release "$HOLD" >/dev/null 2>&1 && rm -rf "$FREEZE"
  freeze_refuse "$freeze_code" "$freeze_why"
}

# Agents throw away what a hook prints, so that the system's log is told too.
freeze_refuse() {
  freeze_line="freeze refused: $2"
  printf 'stillshot-guest: %s\n' "$freeze_line" >&2
  ! command -v logger >/dev/null || timeout -s KILL 5 logger -t stillshot-guest -- "$freeze_line" >/dev/null 2>&1 || :
  refuse "$1" "$2"
}

# A new ULID in R, as src/system/ulid.ts makes them: 48 bits of time, 80 of chance.
new_id() {
  uptime_ms
  new_id_time=$(($(date +%s) * 1000 + NOW % 1000)) new_id=
  while [ ${#new_id} -lt 10 ]; do
    base32_digit $((new_id_time % 32))
    new_id=$R$new_id new_id_time=$((new_id_time / 32))
  done
  for new_id_byte in $(od -A n -t u1 -N 16 /dev/urandom); do
    base32_digit $((new_id_byte % 32))
    new_id=$new_id$R
  done
  R=$new_id
}

base32_digit() {
  base32_place=$1
  set -- 0 1 2 3 4 5 6 7 8 9 A B C D E F G H J K M N P Q R S T V W X Y Z
  shift "$base32_place"
  R=$1
}
