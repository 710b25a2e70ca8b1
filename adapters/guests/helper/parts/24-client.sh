
# === Client: asking the server ===

PASSWORD=''

# The password comes as the first line of standard input, and only where a profile logs in with one. Afterwards no
# program that is called can read what the caller sends, or keep its channel open.
read_password() {
  PASSWORD=''
  # Bounded in bytes and time: a caller may send what has no end, or never end it.
  [ -z "$DATABASE_USER" ] || take_password "$(timeout -s KILL 10 head -c 4096)"
  exec </dev/null
}

# PASSWORD from the first line of $1.
take_password() {
  PASSWORD=${1%%"$NL"*}
  case $PASSWORD in
    password=*) PASSWORD=${PASSWORD#password=} ;;
    *) PASSWORD='' ;;
  esac
}

find_client() {
  CLIENT=$(command -v mariadb) || CLIENT=$(command -v mysql) || CLIENT=
}

# The option file that logs in: a password reaches the client by a pipe, for arguments and environment can be read by
# others.
credentials() {
  if [ -n "$DATABASE_USER" ]; then
    credentials=$PASSWORD
    case $PASSWORD in *[\\\"]*) escape "$PASSWORD" && credentials=$R ;; esac
    printf '[client]\nuser="%s"\npassword="%s"\n' "$DATABASE_USER" "$credentials"
  elif [ -n "$DEFAULTS_FILE" ]; then
    printf '!include %s\n' "$DEFAULTS_FILE"
  fi
}

# client SECONDS WORD…, with the option file on standard input. Always the local server, by its socket, whatever root's
# own option files say, and in the letters that answers are written in: names come back as they are. Whoever is behind the socket must not be able to ask for a file of root's as LOAD DATA LOCAL does.
client() {
  client_seconds=$1
  shift
  set -- --batch --local-infile=0 --connect-timeout=5 --protocol=socket --host=localhost \
    --default-character-set=utf8mb4 "$@"
  [ -z "$SOCKET" ] || set -- "$@" "--socket=$SOCKET"
  exec timeout -s KILL "$client_seconds" "$CLIENT" --defaults-extra-file=/dev/stdin "$@" 9>&- 4<&-
}

# ask SECONDS SQL [OPTION…]: what the server answered in R, tab-separated. False when it did not answer to the end; why is
# then in ASK_ERROR. The last statement's answer shows that all were answered: a pipe hides the client's own status.
ask() {
  ask_seconds=$1 ask_sql="$2; SELECT 'stillshot-end'"
  shift 2
  ASK_ERROR='no client program (mariadb, mysql) was found' R=''
  [ -n "$CLIENT" ] || return 1
  R=$(credentials | client "$ask_seconds" "$@" -e "$ask_sql" 2>"$RUN/client-errors" | head -c 1000000)
  ASK_ERROR=''
  case $R in *stillshot-end*) return 0 ;; esac
  read -r ASK_ERROR <"$RUN/client-errors" || :
  ASK_ERROR=${ASK_ERROR:-no answer within $ask_seconds s}
  return 1
}

# The first query after a start, in as few processes as can be. READY: yes, no, or refused (the server is there, but not
# for us: asking again would not help).
select_1() {
  R=$(credentials | client_after 10)
  read_select_1
}

client_after() {
  client "$1" --skip-column-names -e 'SELECT 1' 2>&1 | head -c 1000
}

read_select_1() {
  case $R in
    1) READY=yes ;;
    *'ERROR 1045'* | *'ERROR 1698'*) READY=refused ;;
    *) READY=no ;;
  esac
}
