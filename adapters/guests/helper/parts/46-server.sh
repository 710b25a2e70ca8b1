
# === Server: where its files are ===
#
# DIRECTORIES: lines "role path", real paths. Asked from the server while it runs; what it cannot be asked is unknown.

# absolute PATH BASE: a path as the server gives it, in R; empty when it is none.
absolute() {
  case $1 in
    '') R=$2 ;;
    /*) R=$1 ;;
    *) R=$2/${1#./} ;;
  esac
  while :; do
    case $R in
      ?*/) R=${R%/} ;;
      *) break ;;
    esac
  done
  is_path "$R" || R=''
}

# The same path without links, in R; empty when there is no such directory.
real_directory() {
  R=$(cd -P -- "$1" 2>/dev/null && pwd -P)
}

add_directory() {
  [ -n "$2" ] || return 0
  real_directory "$2"
  is_path "$R" || return 0
  case "$NL$DIRECTORIES" in *"$NL$1 $R$NL"*) return 0 ;; esac
  DIRECTORIES="$DIRECTORIES$1 $R$NL"
}

# From VARS: DATADIR, SOCKET, PID_FILE, FILES, REDO and DIRECTORIES.
find_files() {
  DIRECTORIES='' FILES='' REDO='' DATADIR='' PID_FILE=''
  variable datadir
  [ -n "$R" ] && absolute "$R" / && [ -n "$R" ] || return 1
  DATADIR=$R
  add_directory data "$DATADIR"
  variable socket
  absolute "$R" "$DATADIR"
  SOCKET=$R
  variable pid_file
  absolute "$R" "$DATADIR"
  PID_FILE=$R
  find_redo
  find_tablespaces
  variable innodb_undo_directory
  absolute "$R" "$DATADIR"
  add_directory undo "$R"
  find_named log_bin_basename binlog
  find_named relay_log_basename relay-log
  # MariaDB's option aria_log_dir_path is not shown as a variable; the file shows where it is.
  [ ! -f "$DATADIR/aria_log_control" ] || FILES="${FILES}aria-control $DATADIR/aria_log_control$NL"
}

# Where a log's files lie, from the path that they begin with.
find_named() {
  variable "$1"
  case $R in
    /*/*) add_directory "$2" "${R%/*}" ;;
  esac
}

# MySQL 8.0.30 and newer keep numbered files in #innodb_redo, of which the highest is in use; others ib_logfile0 and on.
find_redo() {
  variable innodb_log_group_home_dir
  absolute "$R" "$DATADIR"
  find_redo=$R
  [ -n "$find_redo" ] || return 0
  add_directory redo "$find_redo"
  set +f
  find_redo_best=-1
  for find_redo_file in "$find_redo"/ib_logfile[0-9]* "$find_redo/#innodb_redo/#ib_redo"[0-9]*; do
    is_path "$find_redo_file" && [ -f "$find_redo_file" ] || continue
    FILES="${FILES}redo $find_redo_file$NL"
    find_redo_number=${find_redo_file##*ib_redo}
    case $find_redo_number in
      */ib_logfile0) REDO=$find_redo_file ;;
      *[!0-9]*) ;; # spare files end in _tmp
      *) [ "$find_redo_number" -le "$find_redo_best" ] || find_redo_best=$find_redo_number REDO=$find_redo_file ;;
    esac
  done
  set -f
}

# innodb_data_file_path: "ibdata1:12M;/disk2/ibdata2:10M:autoextend".
find_tablespaces() {
  variable innodb_data_home_dir
  absolute "$R" "$DATADIR"
  find_tablespaces=$R
  add_directory innodb "$R"
  variable innodb_data_file_path
  find_tablespaces_rest=${R:-ibdata1:12M}\;
  while [ -n "$find_tablespaces_rest" ]; do
    find_tablespaces_name=${find_tablespaces_rest%%[:;]*}
    find_tablespaces_rest=${find_tablespaces_rest#*;}
    [ -n "$find_tablespaces_name" ] || continue
    absolute "$find_tablespaces_name" "$find_tablespaces"
    [ -f "$R" ] || continue
    FILES="${FILES}system-tablespace $R$NL"
    add_directory innodb "${R%/*}"
  done
}

# Tables that live elsewhere: DATA DIRECTORY and general tablespaces as InnoDB knows them, links in the data directory for
# the rest. Three names of one table, by version; the two that a server lacks are errors that do not matter.
find_table_directories() {
  [ -n "$DATADIR" ] || return 0
  table_sql=
  for table_source in innodb_sys_datafiles:path innodb_datafiles:path innodb_sys_tablespaces:filename; do
    table_column=${table_source#*:}
    table_sql="${table_sql}SELECT $table_column FROM information_schema.${table_source%:*} WHERE $table_column LIKE '/%' LIMIT 1000;"
  done
  table_paths=
  [ "$LOGIN" = no ] || ! ask 20 "${table_sql%;}" --skip-column-names --force || table_paths=$R
  table_links=$(timeout -s KILL 20 find "$DATADIR" -maxdepth 2 -type l 2>/dev/null | head -n 500)
  while IFS= read -r table_path; do
    is_path "$table_path" || continue
    real_directory "${table_path%/*}"
    case $R/ in "$DATADIR"/*) ;; *) add_directory table "$R" ;; esac
  done <<END
$table_paths
END
  while IFS= read -r table_path; do
    is_path "$table_path" || continue
    table_path=$(readlink -f -- "$table_path" 2>/dev/null)
    [ -d "$table_path" ] || table_path=${table_path%/*}
    case $table_path/ in "$DATADIR"/*) ;; *) add_directory table "$table_path" ;; esac
  done <<END
$table_links
END
}

# Everything about the server that a hold must know before it stops it; LOGIN says whether it could be asked. What cannot
# be asked now was perhaps asked by the last probe.
know_server() {
  SOCKET='' LOGIN=no VARS='' ASK_ERROR='' DIRECTORIES='' FILES='' REDO='' DATADIR='' PID_FILE='' LOG=none
  find_client
  [ -n "$DBMS" ] || return 0
  property_of_dbms ActiveState
  [ "$R" = active ] && ask_variables "$1" && LOGIN=yes
  if [ "$LOGIN" = yes ]; then
    remember_server
  else
    recall_server
  fi
  find_files || return 0
  note_log
}

property_of_dbms() {
  BLOCK=$DBMS_BLOCK
  property "$1"
}

remember_server() {
  { printf 'boot %s\n' "$BOOT" && printf '%s' "$VARS"; } >"$MEMORY/server.new" && mv -f "$MEMORY/server.new" "$MEMORY/server"
}

# Only what this boot was told: after a restore or a new installation the paths may be others.
recall_server() {
  [ -f "$MEMORY/server" ] || return 0
  recall_server=$(cat "$MEMORY/server")
  case $recall_server in "boot $BOOT$NL"*) VARS="${recall_server#*"$NL"}$NL" ;; esac
}
