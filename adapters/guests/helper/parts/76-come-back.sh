
# === come-back PROFILE ID|- ===
#
# How everything is now: after the release of hold ID, or after a boot.

come_back_verb() {
  expect_words $# 2
  expect_profile "$1"
  [ "$2" = - ] || expect_id "$2"
  [ "$2" = - ] || HOLD=$2
  load_profile "$1"
  read_password
  open_state
  survey
  know_server 10
  know_targets
  come_back_components
  come_back_dbms
  read_markers
  come_markers=$R
  page_json
  document true null ",\"components\":$COMPONENTS_JSON,\"dbms\":$DBMS_JSON,\"markers\":$come_markers,\"page\":$R"
  say
}

come_back_components() {
  COMPONENTS_JSON=
  while read -r come_kind come_wanted come_unit come_active _; do
    [ -n "$come_kind" ] || continue
    [ "$come_unit" != - ] || come_unit=$come_wanted
    quote "$come_unit"
    COMPONENTS_JSON="$COMPONENTS_JSON,{\"unit\":$R,\"activeState\":\"$come_active\""
    related "$TRIGGERS$DEPENDENTS" "$come_unit"
    COMPONENTS_JSON="$COMPONENTS_JSON,\"related\":$R}"
  done <<END
$FOUND
END
  COMPONENTS_JSON="[${COMPONENTS_JSON#,}]"
}

come_back_dbms() {
  DBMS_JSON=null
  case $COMPONENTS in *dbms*) ;; *) return 0 ;; esac
  come_replicas='[]' come_select=false
  # The server answered a longer question than SELECT 1.
  if [ "$LOGIN" = yes ]; then
    come_select=true
    replicas || :
    come_replicas=$R
  fi
  BLOCK=$DBMS_BLOCK
  if [ "$INIT" = systemd ]; then block_json; else R='{}'; fi
  DBMS_JSON="{\"unit\":$R"
  R=false
  [ -z "$SOCKET" ] || [ ! -S "$SOCKET" ] || R=true
  DBMS_JSON="$DBMS_JSON,\"socketExists\":$R,\"select1\":$come_select"
  quote_or_null "$ASK_ERROR"
  DBMS_JSON="$DBMS_JSON,\"loginError\":$R"
  come_back_log
  R='{}'
  [ "$LOGIN" = no ] || tabbed_json "$VARS"
  DBMS_JSON="$DBMS_JSON,\"log\":$LOG_JSON,\"variables\":$R,\"replicas\":$come_replicas}"
}

# After a release of this boot the log's length at the stop is known; else the server's own words must tell.
come_back_log() {
  BLOCK=$DBMS_BLOCK
  if [ -n "$HOLD" ] && [ -f "$RUN/holds/$HOLD/log-after" ]; then
    case $LOG in
      file\ *)
        come_size=${LOG#file }
        read -r come_after <"$RUN/holds/$HOLD/log-after"
        LOG="file $come_after ${LOG#file * }"
        log_since "${come_size%% *}" -
        return 0
        ;;
    esac
  fi
  log_since_start
}
