
# === Client: asking the server ===

find_client() {
  CLIENT=$(command -v mariadb) || CLIENT=$(command -v mysql) || CLIENT=
}

# client SECONDS WORD…: always the local server, by its socket, whatever root's own option files say. A password reaches
# the program on a descriptor: arguments and environment can be read by others.
client() {
  client_seconds=$1
  shift
  set -- --batch --connect-timeout=5 --protocol=socket --host=localhost "$@"
  [ -z "$SOCKET" ] || set -- "$@" "--socket=$SOCKET"
  if [ -n "$DATABASE_USER" ]; then
    client_password=$PASSWORD
    case $PASSWORD in *[\\\"]*) escape "$PASSWORD" && client_password=$R ;; esac
    timeout -s KILL "$client_seconds" "$CLIENT" --defaults-extra-file=/dev/fd/3 "$@" 3<<END 9>&-
[client]
user="$DATABASE_USER"
password="$client_password"
END
  elif [ -n "$DEFAULTS_FILE" ]; then
    timeout -s KILL "$client_seconds" "$CLIENT" "--defaults-file=$DEFAULTS_FILE" "$@" 9>&-
  else
    timeout -s KILL "$client_seconds" "$CLIENT" "$@" 9>&-
  fi
}

# ask SECONDS SQL [OPTION…]: what the server answered in R, tab-separated. False when it did not answer to the end; why is
# then in ASK_ERROR. The last statement's answer shows that all were answered: a pipe hides the client's own status.
ask() {
  ask_seconds=$1 ask_sql="$2; SELECT 'stillshot-end'"
  shift 2
  ASK_ERROR='no client program (mariadb, mysql) was found' R=''
  [ -n "$CLIENT" ] || return 1
  R=$(client "$ask_seconds" "$@" -e "$ask_sql" 2>"$RUN/client-errors" | head -c 1000000)
  ASK_ERROR=''
  case $R in *stillshot-end*) return 0 ;; esac
  read -r ASK_ERROR <"$RUN/client-errors" || :
  ASK_ERROR=${ASK_ERROR:-no answer within $ask_seconds s}
  return 1
}

# The first query after a start, in as few processes as can be. READY: yes, no, or refused (the server is there, but not
# for us: asking again would not help).
select_1() {
  R=$(client 10 --skip-column-names -e 'SELECT 1' 2>&1)
  case $R in
    1) READY=yes ;;
    *'ERROR 1045'* | *'ERROR 1698'*) READY=refused ;;
    *) READY=no ;;
  esac
}

# What is asked of every server: where its files are, what its stop and start will be like, what would be lost.
VARIABLES="'datadir','innodb_data_home_dir','innodb_data_file_path','innodb_log_group_home_dir','innodb_undo_directory'"
VARIABLES="$VARIABLES,'log_bin_basename','relay_log_basename','log_error','socket','pid_file','version','version_comment'"
VARIABLES="$VARIABLES,'innodb_fast_shutdown','innodb_max_dirty_pages_pct','innodb_max_dirty_pages_pct_lwm'"
VARIABLES="$VARIABLES,'innodb_io_capacity','innodb_io_capacity_max','read_only','super_read_only','event_scheduler'"
VARIABLES="$VARIABLES,'innodb_flush_log_at_trx_commit','server_id','server_uuid','log_bin','gtid_mode','gtid_strict_mode'"
VARIABLES="$VARIABLES,'gtid_current_pos','gtid_binlog_pos','gtid_slave_pos','gtid_executed','innodb_log_file_size'"
VARIABLES="$VARIABLES,'innodb_log_files_in_group','innodb_redo_log_capacity','innodb_doublewrite','innodb_doublewrite_dir'"
VARIABLES="$VARIABLES,'default_storage_engine','hostname','port','basedir','tmpdir','wsrep_on','wsrep_cluster_address'"
VARIABLES="$VARIABLES,'wsrep_node_name','innodb_page_size','innodb_buffer_pool_size','innodb_force_recovery'"
VARIABLES="$VARIABLES,'version_compile_machine','innodb_version','skip_slave_start','skip_replica_start','sync_binlog'"

# ask_variables: lines "name<TAB>value" in VARS.
ask_variables() {
  VARS=
  ask "$1" "SHOW GLOBAL VARIABLES WHERE Variable_name IN ($VARIABLES)" --skip-column-names || return 1
  VARS=$NL${R%stillshot-end*}
}

# Variable $1 in R.
variable() {
  case $VARS in
    *"$NL$1$TAB"*)
      R=${VARS#*"$NL$1$TAB"}
      R=${R%%"$NL"*}
      ;;
    *) R='' ;;
  esac
}

# tabbed_json LINES: "name<TAB>value" lines as an object of strings, names in lower case.
tabbed_json() {
  tabbed=
  while IFS=$TAB read -r tabbed_name tabbed_value; do
    [ -n "$tabbed_name" ] || continue
    tabbed="$tabbed$tabbed_name=$tabbed_value$NL"
  done <<END
$1
END
  json_map "$tabbed"
}
