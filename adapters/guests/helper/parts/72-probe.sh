
# === probe PROFILE ===

STATUS="'Innodb_buffer_pool_pages_dirty','Innodb_buffer_pool_pages_data','Innodb_buffer_pool_pages_total','Uptime'"
STATUS="$STATUS,'Threads_connected','Threads_running','wsrep_cluster_size','wsrep_local_state','wsrep_cluster_status'"
STATUS="$STATUS,'wsrep_local_state_comment','wsrep_ready','wsrep_connected','wsrep_cluster_state_uuid','Slave_running'"
STATUS="$STATUS,'Innodb_history_list_length','Rpl_semi_sync_master_status','Rpl_semi_sync_master_clients'"

probe_verb() {
  expect_words $# 1
  expect_profile "$1"
  load_profile "$1"
  read_password
  open_state
  survey
  know_watchdog
  know_server 15
  [ -z "$DATADIR" ] || find_table_directories
  know_targets
  probe_components
  probe_dbms
  probe_rest
  half_json
  probe_half=$R
  page_json
  document true null ",\"profile\":\"$PROFILE\"$PROBE_COMPONENTS$PROBE_DBMS$PROBE_REST,\"half\":$probe_half,\"page\":$R"
  say
}

probe_components() {
  probe_components=
  while read -r probe_kind probe_wanted probe_unit probe_active _ _ probe_load probe_enabled _ probe_fragment; do
    [ -n "$probe_kind" ] || continue
    quote "$probe_wanted"
    probe_components="$probe_components,{\"kind\":\"$probe_kind\",\"wanted\":$R"
    quote_or_null "${probe_unit#-}"
    probe_components="$probe_components,\"unit\":$R"
    quote_or_null "$probe_load"
    probe_components="$probe_components,\"loadState\":$R,\"active\":$([ "$probe_active" = active ] && echo true || echo false)"
    quote_or_null "${probe_enabled#-}"
    probe_components="$probe_components,\"enabled\":$R"
    quote_or_null "${probe_fragment#-}"
    probe_components="$probe_components,\"fragmentPath\":$R"
    related "$TRIGGERS" "$probe_unit"
    probe_components="$probe_components,\"triggers\":$R"
    related "$DEPENDENTS" "$probe_unit"
    probe_components="$probe_components,\"dependents\":$R,\"clusterManaged\":$(cluster_managed && echo true || echo false)}"
  done <<END
$FOUND
END
  PROBE_COMPONENTS=",\"components\":[${probe_components#,}]"
}

# Pacemaker would start again, or fence the node, when a resource of its stops.
cluster_managed() {
  [ -f /var/lib/pacemaker/cib/cib.xml ] || return 1
  cluster_types=${probe_unit%.service}
  [ "$probe_kind" != dbms ] || cluster_types='mysql|mariadb|mysqld|galera|percona'
  timeout -s KILL 10 grep -Eq "<primitive [^>]*type=\"($cluster_types)\"" /var/lib/pacemaker/cib/cib.xml
}

# section NAME: the lines between "=NAME" and the next "=", in R.
section() {
  case $PROBE_ANSWER in
    *"$NL=$1$NL"*)
      R=${PROBE_ANSWER#*"$NL=$1$NL"}
      R=${R%%"$NL"=*}
      ;;
    *) R='' ;;
  esac
}

probe_ask() {
  PROBE_ANSWER='' PROBE_REPLICAS='[]' CONFIGURED=''
  [ "$LOGIN" = yes ] || return 0
  probe_sql="SELECT '=status'; SHOW GLOBAL STATUS WHERE Variable_name IN ($STATUS); SELECT '=transactions'"
  probe_sql="$probe_sql; SELECT trx_mysql_thread_id, TIMESTAMPDIFF(SECOND, trx_started, NOW()) FROM information_schema.innodb_trx"
  probe_sql="$probe_sql WHERE TIMESTAMPDIFF(SECOND, trx_started, NOW()) > 1 ORDER BY 2 DESC LIMIT 20; SELECT '=dumps'"
  probe_sql="$probe_sql; SELECT COUNT(*) FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'; SELECT '='"
  # An answer that is not whole must not look as if there were no transactions: the probe then says that it could not ask.
  if ask 15 "$probe_sql" --skip-column-names; then
    PROBE_ANSWER=$NL$R
    replicas || LOGIN=no
    PROBE_REPLICAS=$R
    know_configured
  else
    LOGIN=no
  fi
}

probe_dbms() {
  PROBE_DBMS=',"dbms":null'
  case $COMPONENTS in *dbms*) ;; *) return 0 ;; esac
  probe_ask
  quote_or_null "$ASK_ERROR"
  PROBE_DBMS=",\"dbms\":{\"reachable\":$([ "$LOGIN" = yes ] && echo true || echo false),\"loginError\":$R"
  property_of_dbms MainPID
  number_or_null "${R#0}"
  PROBE_DBMS="$PROBE_DBMS,\"mainPid\":$R"
  processes
  PROBE_DBMS="$PROBE_DBMS,\"processes\":$R"
  probe_maps
  section transactions
  probe_transactions=
  while read -r probe_thread probe_seconds; do
    is_between "$probe_seconds" 0 999999999 || continue
    quote "$probe_thread"
    probe_transactions="$probe_transactions,{\"thread\":$R,\"seconds\":$probe_seconds}"
  done <<END
$R
END
  PROBE_DBMS="$PROBE_DBMS,\"longTransactions\":[${probe_transactions#,}],\"replicas\":$PROBE_REPLICAS"
  section dumps
  number_or_null "$R"
  [ "$R" != null ] || R=0
  PROBE_DBMS="$PROBE_DBMS,\"connectedReplicas\":$R"
  probe_places
}

probe_maps() {
  if [ "$LOGIN" = yes ]; then
    tabbed_json "$VARS"
    probe_variables=$R
    json_map "$CONFIGURED"
    [ -z "$CONFIGURED" ] || probe_variables="${probe_variables%\}},${R#\{}"
  else
    probe_variables='{}'
  fi
  section status
  tabbed_json "$(printf '%s\n' "$R" | awk -F '\t' '{ print tolower($1) FS $2 }')"
  PROBE_DBMS="$PROBE_DBMS,\"variables\":$probe_variables,\"status\":$R"
}

probe_places() {
  probe_directories=
  while read -r probe_role probe_path; do
    [ -n "$probe_path" ] || continue
    find_mount "$probe_path"
    quote "$probe_path"
    probe_directories="$probe_directories,{\"role\":\"$probe_role\",\"path\":$R"
    quote "$MOUNT"
    probe_directories="$probe_directories,\"mount\":$R}"
  done <<END
$DIRECTORIES
END
  while read -r probe_role probe_path; do
    [ -n "$probe_path" ] || continue
    quote "$probe_path"
    probe_directories="$probe_directories,{\"role\":\"$probe_role\",\"path\":$R,\"mount\":\"?\"}"
  done <<END
$UNKNOWN_DIRECTORIES
END
  probe_below=$MOUNTS_BELOW
  while [ -n "$probe_below" ]; do
    probe_path=${probe_below%%"$NL"*}
    probe_below=${probe_below#*"$NL"}
    probe_role=${probe_path%% *} probe_path=${probe_path#* }
    quote "${probe_path#*"$TAB"}"
    probe_directories="$probe_directories,{\"role\":\"$probe_role\",\"path\":$R"
    quote "${probe_path%%"$TAB"*}"
    probe_directories="$probe_directories,\"mount\":$R}"
  done
  PROBE_DBMS="$PROBE_DBMS,\"directories\":[${probe_directories#,}]"
  R=
  case $LOG in file\ *) R=${LOG#file * } ;; esac
  quote_or_null "$R"
  PROBE_DBMS="$PROBE_DBMS,\"errorLog\":$R"
  quote_or_null "$SOCKET"
  PROBE_DBMS="$PROBE_DBMS,\"socket\":$R"
  quote_or_null "$PID_FILE"
  PROBE_DBMS="$PROBE_DBMS,\"pidFile\":$R}"
}

probe_rest() {
  PROBE_REST=",\"init\":\"$INIT\",\"watchdog\":\"$WATCHDOG\""
  probe_macs=
  set +f
  for probe_net in "$SYS"/class/net/*; do
    # Only what hardware, or what a hypervisor says is hardware, stands behind.
    [ -e "$probe_net/device" ] && read -r probe_mac 2>/dev/null <"$probe_net/address" && probe_macs="$probe_macs$probe_mac$NL"
  done
  set -f
  json_list "$probe_macs"
  PROBE_REST="$PROBE_REST,\"macs\":$R,\"openHold\":null"
  if find_open_hold -; then
    probe_open=$R probe_state=$STATE
    probe_profile=$(HOLD=$probe_open && read_plan && printf '%s' "$PROFILE")
    PROBE_REST="${PROBE_REST%null}{\"id\":\"$probe_open\",\"state\":\"$probe_state\",\"profile\":\"$probe_profile\"}"
  fi
  file_systems
  PROBE_REST="$PROBE_REST,\"fileSystems\":$R"
  recall_times
  PROBE_REST="$PROBE_REST,\"lastStopMs\":$LAST_STOP,\"lastStartMs\":$LAST_START"
}
