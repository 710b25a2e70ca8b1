
# === fence ID: the evidence of a release, of a hold that goes on ===
#
# Nothing is started, and the watchdog stays armed: who asks is about to take the whole machine away. Asked again, it is taken again.

fence_verb() {
  expect_words $# 1
  expect_id "$1"
  HOLD=$1
  ignore_signals
  exec </dev/null
  open_run
  take_lock 30 || refuse guest-locked 'another verb is at work in this guest'
  read_plan && read_state "$HOLD" || {
    document true null ',"known":false,"fence":null'
    say
    exit 0
  }
  take_fence
  fence_json
  document true null ",\"known\":true,\"fence\":$FENCE"
  say
}
