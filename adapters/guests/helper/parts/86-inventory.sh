
# === inventory PROFILE: what a backup would hold ===
#
# Only where the profile allows backups: its file is root's, so that the key of another machine alone opens nothing. A server
# that is down keeps its databases from a backup, and nothing else: it is told, not refused.

# What the server keeps for itself; everything else is somebody's data.
OWN_SCHEMAS="'information_schema','performance_schema','mysql','sys'"

# Web servers, PHP, MySQL and MariaDB, cron, wherever a distribution has them.
CONFIGURATION="/etc/apache2
/etc/httpd
/etc/nginx
/etc/php
/etc/php.ini
/etc/php.d
/etc/php-fpm.conf
/etc/php-fpm.d
/etc/php7
/etc/php8
/etc/mysql
/etc/my.cnf
/etc/my.cnf.d
/etc/crontab
/etc/cron.d
/etc/cron.hourly
/etc/cron.daily
/etc/cron.weekly
/etc/cron.monthly
/var/spool/cron
"

inventory_verb() {
  expect_words $# 1
  expect_profile "$1"
  load_profile "$1"
  read_password
  open_state
  contains "$ALLOWED" backup || refuse not-allowed "the profile $1 in this guest does not allow backups"
  SOCKET='' VARS=''
  find_client
  INVENTORY_DATABASES='[]' INVENTORY_LOOSE='[]' INVENTORY_ODD='[]' INVENTORY_TENANTS='[]'
  ask_variables 20 && inventory_databases && inventory_loose && inventory_tenants && ASK_ERROR=''
  quote_or_null "$ASK_ERROR"
  inventory=",\"serverSilent\":$R"
  tabbed_json "$VARS"
  inventory="$inventory,\"variables\":$R"
  find_dump || DUMP=''
  quote_or_null "$DUMP"
  inventory="$inventory,\"dumpProgram\":$R"
  quote "$([ -z "$DUMP" ] || "$DUMP" --version 2>/dev/null | head -n 1)"
  inventory="$inventory,\"dumpVersion\":$R,\"databases\":$INVENTORY_DATABASES,\"loose\":$INVENTORY_LOOSE,\"odd\":$INVENTORY_ODD"
  there "$BACKUP_FILES"
  json_list "$R"
  inventory="$inventory,\"files\":$R"
  there "$CONFIGURATION$BACKUP_CONFIGURATION"
  json_list "$R"
  inventory="$inventory,\"configuration\":$R"
  links "$BACKUP_FILES$CONFIGURATION$BACKUP_CONFIGURATION"
  json_list "$R"
  inventory="$inventory,\"links\":$R,\"gnuTar\":$(is_gnu_tar && echo true || echo false)"
  command -v dpkg-query >/dev/null || command -v rpm >/dev/null && R=true || R=false
  inventory="$inventory,\"packages\":$R"
  packers
  json_list "$R"
  inventory="$inventory,\"packers\":$R"
  find_installation
  quote_or_null "$R"
  inventory="$inventory,\"installation\":$R,\"tenants\":$INVENTORY_TENANTS"
  contains "$ALLOWED" restore && R=true || R=false
  inventory="$inventory,\"restoreAllowed\":$R"
  half_json
  document true null "$inventory,\"half\":$R"
  say
}

# The program that belongs to the client.
find_dump() {
  DUMP=$(command -v mariadb-dump) || DUMP=$(command -v mysqldump)
}

is_gnu_tar() {
  case $(tar --version 2>/dev/null) in *'GNU tar'*) return 0 ;; esac
  return 1
}

# Those of the paths that are there, one a line, in R.
there() {
  those_that -e "$1"
}

# Those of the paths that are links, one a line, in R: tar keeps the link, and nothing of what it leads to. Followed it is not,
# for who can make the link would choose what root reads.
links() {
  those_that -L "$1"
}

# Those of the paths in $2 of which the test $1 holds.
those_that() {
  those=''
  while IFS= read -r those_path; do
    [ -z "$those_path" ] || ! test "$1" "$those_path" || those="$those$those_path$NL"
  done <<END
$2
END
  R=$those
}

# The rest is of databases: false when the server did not answer, why in ASK_ERROR.
#
# A name that the client had to escape would come back as another one: ODD, and none of the dump. The shape of a database is a sum over
# the names of its tables and when they were made: a dump reads one database after the other, and sees no table that went away before.
inventory_databases() {
  ask 60 "/*!80000 SET SESSION information_schema_stats_expiry = 0 */; SELECT s.schema_name, COUNT(t.table_name), CAST(COALESCE(SUM(t.data_length + t.index_length), 0) AS UNSIGNED), CAST(COALESCE(SUM(CRC32(CONCAT_WS('/', t.table_name, t.table_type, t.create_time))), 0) AS UNSIGNED) FROM information_schema.schemata s LEFT JOIN information_schema.tables t ON t.table_schema = s.schema_name WHERE s.schema_name NOT IN ($OWN_SCHEMAS) AND s.schema_name NOT LIKE '#mysql50#%' GROUP BY s.schema_name ORDER BY s.schema_name" --skip-column-names || return 1
  INVENTORY_DATABASES='' INVENTORY_ODD=''
  while IFS=$TAB read -r inventory_name inventory_tables inventory_bytes inventory_shape; do
    case $inventory_name in
      '') continue ;;
      *\\*)
        INVENTORY_ODD="$INVENTORY_ODD$inventory_name$NL"
        continue
        ;;
    esac
    quote "$inventory_name"
    INVENTORY_DATABASES="$INVENTORY_DATABASES,{\"name\":$R"
    number_or_null "$inventory_tables"
    INVENTORY_DATABASES="$INVENTORY_DATABASES,\"tables\":$R"
    number_or_null "$inventory_bytes"
    INVENTORY_DATABASES="$INVENTORY_DATABASES,\"sizeBytes\":$R"
    number_or_null "$inventory_shape"
    INVENTORY_DATABASES="$INVENTORY_DATABASES,\"shape\":$R}"
  done <<END
${R%stillshot-end*}
END
  INVENTORY_DATABASES="[${INVENTORY_DATABASES#,}]"
  json_list "$INVENTORY_ODD"
  INVENTORY_ODD=$R
}

# Tables that no transaction holds still, and when they were last written: whether a dump of them is of one moment is seen
# by asking twice. MySQL 8 would answer from a cache. Aria writes its pages late: what its files say of their last change tells nothing.
inventory_loose() {
  ask 60 "/*!80000 SET SESSION information_schema_stats_expiry = 0 */; SELECT table_schema, table_name, COALESCE(engine, '-'), IF(row_format = 'Page', '-', COALESCE(update_time, '-')) FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ($OWN_SCHEMAS) AND COALESCE(engine, '') NOT IN (SELECT engine FROM information_schema.engines WHERE transactions = 'YES') ORDER BY 1, 2 LIMIT 1000" --skip-column-names || return 1
  INVENTORY_LOOSE=''
  while IFS=$TAB read -r inventory_schema inventory_name inventory_engine inventory_updated; do
    [ -n "$inventory_engine" ] || continue
    quote "$inventory_schema"
    INVENTORY_LOOSE="$INVENTORY_LOOSE,{\"database\":$R"
    quote "$inventory_name"
    INVENTORY_LOOSE="$INVENTORY_LOOSE,\"table\":$R"
    quote "$inventory_engine"
    INVENTORY_LOOSE="$INVENTORY_LOOSE,\"engine\":$R"
    [ "$inventory_updated" != - ] || inventory_updated=''
    quote_or_null "$inventory_updated"
    INVENTORY_LOOSE="$INVENTORY_LOOSE,\"updated\":$R}"
  done <<END
${R%stillshot-end*}
END
  INVENTORY_LOOSE="[${INVENTORY_LOOSE#,}]"
}
