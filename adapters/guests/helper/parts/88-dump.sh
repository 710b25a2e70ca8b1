
# === dump, users, packages: what is streamed to the caller ===
#
# Standard input begins with lines of a request, up to an empty one: password=…, database=…, path=…, pack=…. Nothing is written in
# the guest. What is streamed is whole only if the exit status is 0.

# No single backup takes longer.
LONGEST=86400

# stream_begin PROFILE RIGHT: the profile and the request; the rest of standard input is then on descriptor 5.
stream_begin() {
  STREAMS=yes
  expect_profile "$1"
  load_profile "$1"
  contains "$ALLOWED" "$2" || refuse not-allowed "the profile $1 in this guest does not allow it: $2"
  open_state
  read_request
  exec 5<&0 </dev/null
  SOCKET='' VARS=''
}

read_request() {
  PASSWORD='' DATABASES='' PATHS='' PACK=''
  read_request_lines=0 REQUEST_WHOLE=no
  while IFS= read -r read_request_line; do
    [ -n "$read_request_line" ] || {
      REQUEST_WHOLE=yes
      break
    }
    read_request_lines=$((read_request_lines + 1))
    [ "$read_request_lines" -le 20000 ] || usage 'the request has too many lines'
    case $read_request_line in
      password=*) PASSWORD=${read_request_line#password=} ;;
      database=?*) DATABASES="$DATABASES${read_request_line#database=}$NL" ;;
      pack=?*) PACK=${read_request_line#pack=} ;;
      path=?*) PATHS="$PATHS${read_request_line#path=}$NL" ;;
      *) usage 'the request is not understood' ;;
    esac
  done
}

# The server's own word for where it is: other option files are not read by what is started below.
find_server() {
  find_client
  ask_variables 20 || refuse server-silent "the server did not answer: $ASK_ERROR"
  variable datadir
  absolute "$R" /
  stream_datadir=$R
  variable socket
  absolute "$R" "$stream_datadir"
  [ -n "$R" ] || refuse server-silent 'the server does not say where its socket is'
  SOCKET=$R
}

# leased PROGRAM WORD…: runs it, the option file that logs in on descriptor 3, as long as the caller keeps standard input
# open. One who is gone leaves no dump behind that waits for a lock.
leased() {
  credentials | leased_run "$@" &
  leased=$!
  leased_watch <&5 >/dev/null 2>&1 &
  leased_watch=$!
  wait "$leased"
  leased_status=$?
  kill "$leased_watch" 2>/dev/null
  return "$leased_status"
}

leased_run() {
  exec timeout -s TERM "$LONGEST" "$@" 3<&0 </dev/null 5<&- 9>&-
}

leased_watch() {
  while read -r _; do :; done
  kill -TERM "$leased"
}

dump_verb() {
  expect_words $# 1
  stream_begin "$1" backup
  [ -n "$DATABASES" ] || usage 'which databases?'
  find_server
  find_dump || refuse dump-missing 'neither mariadb-dump nor mysqldump is there'
  dump_knows=$("$DUMP" --no-defaults --help 2>/dev/null)
  set -- --defaults-file=/dev/fd/3 --protocol=socket "--socket=$SOCKET" --single-transaction --quick --hex-blob \
    --routines --triggers --events --comments --dump-date --default-character-set=utf8mb4 --max-allowed-packet=1G
  # A restore of some databases must not set where the whole server stands. Some say it also without a binary log.
  case $dump_knows in *--set-gtid-purged*) set -- "$@" --set-gtid-purged=OFF ;; esac
  variable log_bin
  case $R in 1 | ON) dump_position "$@" ;; *) dump_run "$@" ;; esac
}

# Where the dump stands in the binary log is a comment in it.
dump_position() {
  case $dump_knows in
    *--source-data*) set -- "$@" --source-data=2 ;;
    *) set -- "$@" --master-data=2 ;;
  esac
  case $dump_knows in
    *--set-gtid-purged*) ;;
    *--gtid*) set -- "$@" --gtid ;;
  esac
  dump_run "$@"
}

dump_run() {
  set -- "$@" --databases --
  while IFS= read -r dump_name; do
    [ -z "$dump_name" ] || set -- "$@" "$dump_name"
  done <<END
$DATABASES
END
  packed "$DUMP" "$@"
  exit
}

# Accounts as statements that make them where they are missing, and set them where they are there. All are made before any
# gets rights: those of one may be another one. PUBLIC is there in every server, and none can be made. A hash of MySQL may
# hold any byte, unless it is asked for as hexadecimal digits.
users_verb() {
  expect_words $# 1
  stream_begin "$1" backup
  find_server
  users_hex='/*!80017 SET SESSION print_identified_with_as_hex = 1 */; '
  users_roles='' users_where=''
  variable version
  case $R in
    *MariaDB*)
      users_list "SELECT QUOTE(user) FROM mysql.user WHERE is_role = 'Y' AND user <> 'PUBLIC' ORDER BY 1"
      users_roles=$R
      users_where=" AND is_role = 'N'"
      ;;
  esac
  users_list "SELECT CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user WHERE user NOT IN ('mariadb.sys', 'mysql.sys', 'mysql.session', 'mysql.infoschema')$users_where ORDER BY 1"
  users_accounts=$R
  users_each role "$users_roles"
  users_each account "$users_accounts"
  users_each rights "$users_roles$users_accounts"
  printf -- '-- Users completed\n'
}

# users_list SQL: the accounts that the server names, one a line, in R.
users_list() {
  ask 20 "$1" --skip-column-names --raw || refuse server-silent "the server did not name its accounts: $ASK_ERROR"
  R=${R%stillshot-end*}
}

# users_each role|account|rights ACCOUNTS: that of each.
users_each() {
  while IFS= read -r users_name; do
    case $users_name in \'*\') ;; *) continue ;; esac
    case $1 in
      role) printf 'CREATE ROLE IF NOT EXISTS %s;\n' "$users_name" ;;
      account) users_say "$users_name" "${users_hex}SHOW CREATE USER $users_name" ;;
      rights) users_say "$users_name" "SHOW GRANTS FOR $users_name" ;;
    esac
  done <<END
$2
END
}

# users_say ACCOUNT SQL: the answer as statements.
users_say() {
  ask 20 "$2" --skip-column-names --raw || refuse server-silent "the server did not describe $1: $ASK_ERROR"
  users_statements "${R%stillshot-end*}"
}

users_statements() {
  while IFS= read -r users_line; do
    case $users_line in
      '') ;;
      'CREATE USER '*)
        printf 'CREATE USER IF NOT EXISTS %s;\nALTER USER %s;\n' "${users_line#CREATE USER }" "${users_line#CREATE USER }"
        ;;
      *) printf '%s;\n' "$users_line" ;;
    esac
  done <<END
$1
END
}

packages_verb() {
  expect_words $# 1
  stream_begin "$1" backup
  if command -v dpkg-query >/dev/null; then
    # shellcheck disable=SC2016 # the fields are dpkg's
    leased dpkg-query -W -f '${Package} ${Version} ${Architecture}\n'
  elif command -v rpm >/dev/null; then
    leased rpm -qa --qf '%{NAME} %{VERSION}-%{RELEASE} %{ARCH}\n'
  else
    refuse packages-unknown 'neither dpkg-query nor rpm is there'
  fi
  exit
}
