
# === Replication and configuration: what a stop would cost others, and what a restart would change ===

# Channels of which this server is a replica, as arrays of what the server printed, in R.
replicas() {
  variable version
  case $R in
    *[Mm]aria*) replicas_sql='SHOW ALL SLAVES STATUS' ;;
    5.* | 8.0.[0-9] | 8.0.[0-9][!0-9]* | 8.0.1[0-9]* | 8.0.2[01]*) replicas_sql='SHOW SLAVE STATUS' ;;
    *) replicas_sql='SHOW REPLICA STATUS' ;;
  esac
  replicas='' replicas_row=''
  ask 10 "$replicas_sql" --vertical || {
    R='[]'
    return 1
  }
  while IFS= read -r replicas_line; do
    case $replicas_line in
      \*\*\**row*) replicas_end ;;
      *stillshot-end*) ;;
      *:*)
        replicas_line=${replicas_line#"${replicas_line%%[! ]*}"}
        replicas_value=${replicas_line#*:}
        replicas_row="$replicas_row${replicas_line%%:*}=${replicas_value# }$NL"
        ;;
    esac
  done <<END
$R
END
  replicas_end
  R="[${replicas#,}]"
}

replicas_end() {
  [ -n "$replicas_row" ] || return 0
  json_map "$replicas_row"
  replicas="$replicas,$R"
  replicas_row=
}

# Lines "configured_NAME=VALUE" in CONFIGURED: what the server would begin with if it were started now. A setting that was
# changed at run time only would be lost by a stop.
know_configured() {
  configured_options=$(timeout -s KILL 5 my_print_defaults --mysqld 2>/dev/null) ||
    configured_options=$(timeout -s KILL 5 mariadbd --print-defaults 2>/dev/null) ||
    configured_options=$(timeout -s KILL 5 mysqld --print-defaults 2>/dev/null)
  configured_persisted=
  [ ! -f "$DATADIR/mysqld-auto.cnf" ] || configured_persisted=$(as_server head -c 100000 -- "$DATADIR/mysqld-auto.cnf" 2>/dev/null)
  CONFIGURED=
  variable version
  configured_events=OFF
  case $R in
    *[Mm]aria* | 5.*) ;;
    *) configured_events=ON ;;
  esac
  configured read_only OFF
  configured super_read_only OFF
  configured event_scheduler "$configured_events"
}

# configured NAME DEFAULT: adds a line; the last word of the option files counts, and what was persisted comes after.
configured() {
  configured_value=$2
  for configured_option in $configured_options; do
    configured_name=${configured_option%%=*}
    configured_name=${configured_name#--}
    while :; do
      case $configured_name in
        *-*) configured_name=${configured_name%%-*}_${configured_name#*-} ;;
        *) break ;;
      esac
    done
    case $configured_name in
      "$1") configured_word "$configured_option" ;;
      "skip_$1" | "disable_$1") configured_value=OFF ;;
    esac
  done
  case $configured_persisted in
    *"\"$1\""*)
      configured_text=${configured_persisted#*"\"$1\""}
      configured_text=${configured_text#*'"Value"'}
      configured_text=${configured_text#*'"'}
      configured_word "--x=${configured_text%%'"'*}"
      ;;
  esac
  CONFIGURED="${CONFIGURED}configured_$1=$configured_value$NL"
}

# The value of option --NAME or --NAME=VALUE, in the words that SHOW VARIABLES uses.
configured_word() {
  case $1 in
    *=*) configured_value=${1#*=} ;;
    *) configured_value=ON ;;
  esac
  case $configured_value in
    1 | [Oo][Nn] | [Tt][Rr][Uu][Ee]) configured_value=ON ;;
    0 | [Oo][Ff][Ff] | [Ff][Aa][Ll][Ss][Ee]) configured_value=OFF ;;
  esac
}
