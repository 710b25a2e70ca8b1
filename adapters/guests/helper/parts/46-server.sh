
# === Server: where its files are ===
#
# DIRECTORIES: lines "role path", real paths. Asked from the server while it runs. UNKNOWN_DIRECTORIES: the same for what
# could not be followed or asked; nobody may take those for covered.

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

# Whether path $1 can be looked at without end: asked only where a file system may be dead.
answers() {
  [ "$REMOTE" = no ] || timeout -s KILL 10 ls -d -- "$1/." >/dev/null 2>&1
}

add_directory() {
  [ -n "$2" ] || return 0
  R=
  ! answers "$2" || real_directory "$2"
  is_path "$R" || {
    UNKNOWN_DIRECTORIES="$UNKNOWN_DIRECTORIES$1 ${2%%"$NL"*}$NL"
    return 0
  }
  case "$NL$DIRECTORIES" in *"$NL$1 $R$NL"*) return 0 ;; esac
  DIRECTORIES="$DIRECTORIES$1 $R$NL"
}

# From VARS: DATADIR, SOCKET, PID_FILE, FILES, REDO and DIRECTORIES.
find_files() {
  DIRECTORIES='' UNKNOWN_DIRECTORIES='' FILES='' REDO='' DATADIR='' PID_FILE=''
  variable datadir
  [ -n "$R" ] && absolute "$R" / && [ -n "$R" ] || return 1
  DATADIR=$R
  add_directory data "$DATADIR"
  # The kernel names open files by their real paths, and find does not go through a link that it is given.
  ! is_path "$R" || DATADIR=$R
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
  # MariaDB's option aria_log_dir_path is a variable in some versions only (MDEV-30968); without it, the file shows.
  variable aria_log_dir_path
  [ -z "$R" ] || {
    absolute "$R" "$DATADIR"
    add_directory aria "$R"
  }
  R=${R:-$DATADIR}
  [ ! -f "$R/aria_log_control" ] || FILES="${FILES}aria-control $R/aria_log_control$NL"
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
  find_redo_count=0
  for find_redo_file in "$find_redo"/ib_logfile[0-9]* "$find_redo/#innodb_redo/#ib_redo"[0-9]*; do
    find_redo_number=${find_redo_file##*/}
    find_redo_number=${find_redo_number#ib_logfile}
    find_redo_number=${find_redo_number#"#ib_redo"}
    # No server has as many: 32, or 100 of the old kind.
    case ${find_redo_number%_tmp} in *[!0-9]*) continue ;; esac
    [ -f "$find_redo_file" ] && [ "$find_redo_count" -lt 200 ] || continue
    find_redo_count=$((find_redo_count + 1))
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
# the rest.
find_table_directories() {
  [ -n "$DATADIR" ] || return 0
  table_paths=''
  [ "$LOGIN" = no ] || ask_table_directories || UNKNOWN_DIRECTORIES="${UNKNOWN_DIRECTORIES}table tables outside $DATADIR: $ASK_ERROR$NL"
  table_links=$({ timeout -s KILL 20 find "$DATADIR" -maxdepth 2 -type l 2>/dev/null && echo complete; } | head -c 1000000)
  case $table_links in
    *complete) table_links=${table_links%complete} ;;
    *) UNKNOWN_DIRECTORIES="${UNKNOWN_DIRECTORIES}table links in $DATADIR$NL" ;;
  esac
  uptime_ms
  table_until=$((NOW + 20000))
  while IFS= read -r table_path; do
    [ -n "$table_path" ] && table_in_time || continue
    R=
    ! answers "${table_path%/*}" || real_directory "${table_path%/*}"
    case $R/ in "$DATADIR"/*) ;; *) add_directory table "${table_path%/*}" ;; esac
  done <<END
$table_paths
END
  while IFS= read -r table_link; do
    [ -n "$table_link" ] && table_in_time || continue
    table_path=$(timeout -s KILL 10 readlink -f -- "$table_link" 2>/dev/null)
    [ -d "$table_path" ] || table_path=${table_path%/*}
    case $table_path/ in "$DATADIR"/*) ;; *) add_directory table "${table_path:-$table_link}" ;; esac
  done <<END
$table_links
END
}

# False when time is over, and then it is not known where the tables are: each link costs a process, and the server's user
# may make any number of them.
table_in_time() {
  uptime_ms
  [ "$NOW" -ge "$table_until" ] || return 0
  case $UNKNOWN_DIRECTORIES in
    *'too many places'*) ;;
    *) UNKNOWN_DIRECTORIES="${UNKNOWN_DIRECTORIES}table too many places in $DATADIR$NL" ;;
  esac
  return 1
}

# The table that knows has three names, by version. A client stops at a table that is not there, whatever it is told, so
# the server is asked first which one it has.
ask_table_directories() {
  ask 20 "SELECT LOWER(table_name) FROM information_schema.tables WHERE table_schema = 'information_schema' AND table_name IN ('innodb_sys_datafiles', 'innodb_datafiles', 'innodb_sys_tablespaces')" --skip-column-names || return 1
  case $R in
    *innodb_sys_datafiles*) table_source=innodb_sys_datafiles table_column=path ;;
    *innodb_datafiles*) table_source=innodb_datafiles table_column=path ;;
    *innodb_sys_tablespaces*) table_source=innodb_sys_tablespaces table_column=filename ;;
    *)
      ASK_ERROR='the server does not say'
      return 1
      ;;
  esac
  # One row a directory: there may be a table for every customer.
  ask 20 "SELECT DISTINCT CONCAT(LEFT($table_column, LENGTH($table_column) - LENGTH(SUBSTRING_INDEX($table_column, '/', -1))), '.') FROM information_schema.$table_source WHERE $table_column LIKE '/%'" --skip-column-names || return 1
  table_paths=${R%stillshot-end*}
}

# Everything about the server that a hold must know before it stops it; LOGIN says whether it could be asked. What cannot
# be asked now was perhaps asked by the last probe.
know_server() {
  SOCKET='' LOGIN=no VARS='' ASK_ERROR='' DIRECTORIES='' UNKNOWN_DIRECTORIES='' FILES='' REDO='' DATADIR='' PID_FILE='' LOG=none READER=''
  find_client
  [ -n "$DBMS" ] || return 0
  property_of_dbms ActiveState
  [ "$R" = active ] && ask_variables "$1" && LOGIN=yes
  if [ "$LOGIN" = yes ]; then
    remember_server
  else
    recall_server
  fi
  read_mounts
  find_files || return 0
  know_reader
  note_log
}

# READER: "uid:gid" of the server's user where programs can be run with his rights, else empty. The kernel's word on the main
# process counts before the data directory's owner, for it is the server that says which directory that is. SERVER_USER is the uid.
know_reader() {
  READER='' know_reader_uid=0 know_reader_gid=0
  property_of_dbms MainPID
  case $R in
    '' | 0 | *[!0-9]*) ;;
    *)
      while read -r know_reader_key know_reader_value _; do
        case $know_reader_key in
          Uid:) know_reader_uid=$know_reader_value ;;
          Gid:) know_reader_gid=$know_reader_value ;;
        esac
      done 2>/dev/null <"$PROC/$R/status"
      ;;
  esac
  # mysqld_safe is root's, and without systemd the main process is not known.
  if [ "$know_reader_uid" -eq 0 ]; then
    know_reader=$(stat -L -c '%u:%g' -- "$DATADIR" 2>/dev/null) || know_reader=0:0
    know_reader_uid=${know_reader%:*} know_reader_gid=${know_reader#*:}
  fi
  SERVER_USER=$know_reader_uid
  [ "$know_reader_uid" -ne 0 ] || return 0
  ! setpriv "--reuid=$know_reader_uid" "--regid=$know_reader_gid" --clear-groups -- true 2>/dev/null ||
    READER=$know_reader_uid:$know_reader_gid
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
