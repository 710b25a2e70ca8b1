
# === load PROFILE: databases dropped and made anew ===
#
# Dropped first, all of them: tables that are replaced one by one meet the foreign keys of those that are still old
# (errno 150). The client takes statements only: binary mode knows no command that would start a shell or read a file.

load_verb() {
  expect_words $# 1
  stream_begin "$1" restore
  find_server
  load_drops='SET SESSION FOREIGN_KEY_CHECKS = 0'
  while IFS= read -r load_name; do
    [ -n "$load_name" ] || continue
    is_droppable "$load_name" || refuse database-not-allowed "$load_name is the server's own"
    backticked "$load_name"
    load_drops="$load_drops; DROP DATABASE IF EXISTS $R"
  done <<END
$DATABASES
END
  ask 600 "$load_drops" || refuse drop-failed "a database could not be dropped: $ASK_ERROR"
  credentials | load_run
  exit
}

load_run() {
  exec timeout -s TERM "$LONGEST" "$CLIENT" --defaults-file=/dev/fd/3 --protocol=socket "--socket=$SOCKET" --batch \
    --skip-column-names --binary-mode --local-infile=0 --connect-timeout=5 --default-character-set=utf8mb4 \
    --max-allowed-packet=1G 3<&0 <&5 5<&- 9>&-
}

is_droppable() {
  case $1 in
    [Ii][Nn][Ff][Oo][Rr][Mm][Aa][Tt][Ii][Oo][Nn]_[Ss][Cc][Hh][Ee][Mm][Aa]) return 1 ;;
    [Pp][Ee][Rr][Ff][Oo][Rr][Mm][Aa][Nn][Cc][Ee]_[Ss][Cc][Hh][Ee][Mm][Aa]) return 1 ;;
    [Mm][Yy][Ss][Qq][Ll] | [Ss][Yy][Ss]) return 1 ;;
  esac
}

# $1 as an identifier, in R.
backticked() {
  backticked_rest=$1 R=''
  while :; do
    case $backticked_rest in
      *\`*)
        R="$R${backticked_rest%%\`*}\`\`"
        backticked_rest=${backticked_rest#*\`}
        ;;
      *) break ;;
    esac
  done
  R="\`$R$backticked_rest\`"
}
