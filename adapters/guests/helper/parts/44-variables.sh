
# === Variables: what the server says about itself ===

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
VARIABLES="$VARIABLES,'aria_log_dir_path','group_replication_group_name'"

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
