
# === status, collect ID, version: what this boot knows; changes nothing. clock sets the clock ===

status_verb() {
  expect_words $# 0
  exec </dev/null
  open_run
  status_holds=
  set +f
  for status_path in "$RUN"/holds/*; do
    HOLD=${status_path##*/}
    is_id "$HOLD" && read_state "$HOLD" || continue
    set -f
    read_plan || :
    status_holds="$status_holds,{\"id\":\"$HOLD\",\"profile\":\"$PROFILE\",\"state\":\"$STATE\",\"firesUptimeMs\":$([ "$FIRES" = 0 ] && echo null || echo "$FIRES")}"
  done
  set -f
  HOLD=
  half_json
  document true null ",\"holds\":[${status_holds#,}],\"half\":$R"
  say
}

collect_verb() {
  expect_words $# 1
  expect_id "$1"
  HOLD=$1
  exec </dev/null
  open_run
  saved hold
  collect_hold=${R:-null}
  saved release
  R=${R:-null}
  document true null ",\"holdAnswer\":$collect_hold,\"releaseAnswer\":$R"
  say
}

# --- clock: the system's clock set by the machine's own, which went on while the system stood still. No time comes from the caller.

clock_verb() {
  expect_words $# 0
  exec </dev/null
  open_run
  command -v hwclock >/dev/null || refuse clock-unset 'there is no hwclock in this guest'
  clock_before=$(date +%s)
  timeout -s KILL 20 hwclock -s >/dev/null 2>&1 || refuse clock-unset 'hwclock could not set the clock of the system'
  clock_after=$(date +%s)
  document true null ",\"beforeWallMs\":${clock_before}000,\"wallMs\":${clock_after}000"
  say
}

version_verb() {
  expect_words $# 0
  exec </dev/null
  document true null ''
  say
}
