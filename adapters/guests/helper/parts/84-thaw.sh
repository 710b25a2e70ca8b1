
# === thaw SOURCE: the end of that caller's freeze ===
#
# MEMORY/frozen/ID: what a freeze and its thaw showed, until stillshot has collected it; the newest twenty.

thaw_verb() {
  expect_words $# 1
  expect_source "$1"
  ignore_signals
  exec </dev/null
  open_run
  FREEZE=$RUN/freezes/$1
  thaw_find || thaw_nothing
  "$SELF" release "$HOLD" >"$FREEZE/release.json" 2>/dev/null
  thaw_status=$?
  freeze_said "$FREEZE/release.json"
  # A fence that was taken is evidence, also when not everything started again: that goes on, and is not our caller's business.
  [ "$thaw_status" -eq 0 ] || [ "$SAID_CODE" = start-failed ] || refuse "$SAID_CODE" "$R"
  thaw_code=$SAID_CODE thaw_why=$R
  thaw_kept=false
  ! thaw_keep || thaw_kept=true
  rm -rf "$FREEZE"
  uptime_ms
  ! safe_directory "$RUN/thawed" || printf '%s %s\n' "$HOLD" "$NOW" 2>/dev/null >"$RUN/thawed/$1"
  [ "$thaw_status" -eq 0 ] || refuse "$thaw_code" "$thaw_why"
  document true null ",\"known\":true,\"kept\":$thaw_kept"
  say
}

# HOLD: what this caller's freeze took.
thaw_find() {
  [ -s "$FREEZE/id" ] && read -r HOLD <"$FREEZE/id" && is_id "$HOLD" && return 0
  HOLD=
  return 1
}

# No freeze of this caller's: another one's, or a hold of stillshot's own, is not ended by it.
thaw_nothing() {
  [ -f "$FREEZE/joined" ] || thaw_again
  rm -rf "$FREEZE"
  document true null ',"known":false,"kept":false'
  say
  exit 0
}

# A second thaw within an hour: the agent had ended the freeze by itself, because a file system or a later hook could not be
# frozen. Proxmox VE takes its snapshot all the same, of a server that runs, and asks for the thaw afterwards: so what
# was kept must not be taken for evidence of it.
thaw_again() {
  thaw_file=$RUN/thawed/${FREEZE##*/}
  [ -f "$thaw_file" ] && read -r thaw_id thaw_at <"$thaw_file" || return 0
  rm -f "$thaw_file"
  uptime_ms
  ! is_id "$thaw_id" || [ $((NOW - thaw_at)) -gt 3600000 ] || rm -f "$MEMORY/frozen/$thaw_id"
}

# One file, whole or not at all, on the disk before the caller is told. Without a hold that was answered, and where another
# freeze was asked for meanwhile, there is no evidence.
thaw_keep() {
  [ ! -e "$FREEZE/contended" ] || return 1
  freeze_said "$FREEZE/hold.json"
  [ "$SAID_CODE" = no-answer ] && [ -s "$FREEZE/hold.json" ] || return 1
  read_plan && safe_directory "$MEMORY" && safe_directory "$MEMORY/frozen" || return 1
  "$SELF" come-back "$PROFILE" "$HOLD" >"$FREEZE/come-back.json" 2>/dev/null
  thaw_file=$MEMORY/frozen/$HOLD
  if thaw_document 2>/dev/null >"$thaw_file.new" && sync_file "$thaw_file.new" && mv "$thaw_file.new" "$thaw_file" && sync_file "$MEMORY/frozen"; then
    keep_newest "$MEMORY/frozen"
    return 0
  fi
  rm -f "$thaw_file.new"
  return 1
}

thaw_document() {
  read -r thaw_wall thaw_uptime thaw_middle thaw_spread <"$FREEZE/called" || return 1
  printf '{"id":"%s","source":"%s","profile":"%s","calledWallMs":%s,"calledUptimeMs":%s' \
    "$HOLD" "${FREEZE##*/}" "$PROFILE" "$thaw_wall" "$thaw_uptime" &&
    # A freeze of a helper before this one does not know them.
    { [ -z "$thaw_spread" ] || printf ',"calledClocks":{"uptimeMs":%s,"spreadMs":%s}' "$thaw_middle" "$thaw_spread"; } &&
    thaw_part probe probe && thaw_part holdAnswer hold && thaw_part releaseAnswer release && thaw_part comeBack come-back &&
    printf '}\n'
}

# thaw_part KEY NAME: a document that was saved, or null when there is none.
thaw_part() {
  IFS= read -r thaw_part <"$FREEZE/$2.json" || thaw_part=
  case $thaw_part in
    '{'*'}') ;;
    *) thaw_part=null ;;
  esac
  printf ',"%s":%s' "$1" "$thaw_part"
}

# --- kept -|ID, forget ID: for whoever collects

kept_verb() {
  expect_words $# 1
  [ "$1" = - ] || expect_id "$1"
  exec </dev/null
  open_state
  read_clocks
  kept="\"wallMs\":$WALL,\"clocks\":{\"uptimeMs\":$CLOCKS_UPTIME,\"spreadMs\":$CLOCKS_SPREAD}"
  if [ "$1" = - ]; then
    kept_list
    document true null ",$kept,\"freezes\":$R,\"freeze\":null"
  else
    HOLD=$1 R=
    [ ! -f "$MEMORY/frozen/$1" ] || IFS= read -r R <"$MEMORY/frozen/$1" || :
    case $R in
      '{'*'}') kept_freeze=$R ;;
      *) kept_freeze=null ;;
    esac
    document true null ",$kept,\"freezes\":[\"$1\"],\"freeze\":$kept_freeze"
  fi
  say
}

# The ids of what is kept, oldest first, as JSON in R.
kept_list() {
  kept_list=
  set +f
  for kept_path in "$MEMORY"/frozen/*; do
    ! is_id "${kept_path##*/}" || kept_list="$kept_list${kept_path##*/}$NL"
  done
  set -f
  json_list "$kept_list"
}

forget_verb() {
  expect_words $# 1
  expect_id "$1"
  exec </dev/null
  open_state
  HOLD=$1
  rm -f "$MEMORY/frozen/$1"
  document true null ''
  say
}
