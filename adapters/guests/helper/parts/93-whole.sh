
# === renew ID TTL_MS: a hold that is still wanted ===
#
# Needs no lock, for the hold may still be stopping something, and no password. The watchdog wakes when it was told to first,
# and then waits for the time that is written here.

LONGEST_LEASE=86400000

renew_verb() {
  expect_words $# 2
  expect_id "$1"
  is_between "$2" 5000 3600000 || usage 'the time to live is between 5000 and 3600000 ms'
  HOLD=$1
  ignore_signals
  exec </dev/null
  open_run
  renew_open
  read -r _ renew_began <"$RUN/holds/$HOLD/states"
  uptime_ms
  renew_until=$((NOW + $2))
  [ $((renew_until - renew_began)) -le "$LONGEST_LEASE" ] || refuse lease-too-long "hold $HOLD is a day old"
  printf '%s\n' "$renew_until" 2>/dev/null >"$RUN/holds/$HOLD/lease.new" &&
    mv "$RUN/holds/$HOLD/lease.new" "$RUN/holds/$HOLD/lease" || refuse state-unwritable "$RUN/holds cannot be written"
  # The watchdog may have looked just before.
  renew_open
  document true null ",\"firesUptimeMs\":$renew_until"
  say
}

renew_open() {
  read_state "$HOLD" || STATE=unknown
  case $STATE:$EXPIRED in stopping: | held:) return 0 ;; esac
  refuse hold-over "hold $HOLD is $STATE"
}

# === whole ID forward|back|mended: what load ID began to replace is whole ===
#
# `forward` and `back` are taken only where a load of that way was carried out to its end; `mended` is a person's word. What
# ran before is started by the hold's release, and here where that hold is over. May be repeated.

whole_verb() {
  expect_words $# 2
  expect_id "$1"
  case $2 in forward | back | mended) ;; *) usage 'forward, back or mended?' ;; esac
  HOLD=$1 LOAD=$1
  ignore_signals
  exec </dev/null
  open_state
  # Nothing of a load that nobody waits for may still drop something afterwards.
  load_alone whole
  take_lock 60 || refuse guest-locked 'another verb is at work in this guest'
  ! find_open_hold "$HOLD" || refuse guest-locked "hold $R is open"
  if half_read "$HALF"; then
    [ "$HALF_RUN" = "$1" ] || refuse other-half "the databases are half restored by run ${HALF_RUN:--}"
    [ "$2" = mended ] || ! half_replaced || refuse replaced "others are in the place of the databases that $1 began to replace"
    case $2:$HALF_LOADED in
      forward:drop | back:back | mended:*) ;;
      *)
        half_words
        refuse still-half "$R, and no load $2 was taken whole"
        ;;
    esac
    mv "$HALF" "$WHOLE" 2>/dev/null && sync_file "$MEMORY" || refuse state-unwritable "$HALF cannot be moved"
  elif ! half_read "$WHOLE" || [ "$HALF_RUN" != "$1" ]; then
    document true null ',"known":false,"started":false'
    say
    exit 0
  fi
  half_forget_witness
  [ "$INIT" != systemd ] || half_let_up
  whole_start
  rm -f "$WHOLE"
  document true null ",\"known\":true,\"started\":$whole_started"
  say
}

whole_start() {
  whole_started=false
  ! read_state "$HOLD" || is_over || [ "$STATE" = blocked ] || return 0
  whole_started=true whole_missing=''
  whole_rest=$HALF_WAS
  while [ -n "$whole_rest" ]; do
    whole_line=${whole_rest%%"$NL"*}
    whole_rest=${whole_rest#*"$NL"}
    whole_unit=${whole_line% *}
    act start "${whole_line##* }" "$whole_unit"
    show_units "$whole_unit"
    next_block || BLOCK=''
    property ActiveState
    case $R in active | reloading) ;; *) whole_missing="$whole_missing${whole_missing:+, }$whole_unit is ${R:-unknown}" ;; esac
  done
  [ -z "$whole_missing" ] || refuse start-failed "the databases are whole, and not everything that ran is active again ($whole_missing)"
}

# half_keep_down UNIT…: false when systemd did not take it; then nothing is kept down, and nothing was dropped.
half_keep_down() {
  for half_unit in "$@"; do
    { [ -d "$SYSTEM/$half_unit.d" ] || mkdir -m 0755 "$SYSTEM/$half_unit.d"; } 2>/dev/null || return 1
    printf '%s' "$HALF_CONDITION" 2>/dev/null >"$SYSTEM/$half_unit.d/$HALF_DROP_IN" || return 1
    chmod 0644 "$SYSTEM/$half_unit.d/$HALF_DROP_IN" && sync_file "$SYSTEM/$half_unit.d/$HALF_DROP_IN" || return 1
  done
  systemctl daemon-reload 9>&- || return 1
  show_units "$@"
  for half_unit in "$@"; do
    next_block || return 1
    property DropInPaths
    contains "$R" "$SYSTEM/$half_unit.d/$HALF_DROP_IN" || return 1
  done
}

half_let_up() {
  for half_unit in $HALF_KEPT; do
    rm -f "$SYSTEM/$half_unit.d/$HALF_DROP_IN"
    rmdir "$SYSTEM/$half_unit.d" 2>/dev/null
  done
  [ -z "$HALF_KEPT" ] || systemctl daemon-reload 9>&-
}
