
# === Answers: time, JSON, and the one document that is printed ===

# Milliseconds since boot in NOW, without a process: "12.34" -> 12340.
uptime_ms() {
  read -r NOW _ <"$PROC/uptime"
  NOW=$((${NOW%.*} * 1000 + (1${NOW#*.} - 100) * 10))
}

# Both clocks at once: WALL in whole seconds (as milliseconds), CLOCKS_UPTIME in the middle of its reading, and CLOCKS_SPREAD, how
# long that took. It takes a process, and a busy machine may let it wait: the shortest of some readings counts.
read_clocks() {
  CLOCKS_SPREAD='' clocks_left=5
  while [ "$clocks_left" -gt 0 ]; do
    uptime_ms
    clocks_before=$NOW
    clocks_wall="$(date +%s)000"
    uptime_ms
    if [ -z "$CLOCKS_SPREAD" ] || [ $((NOW - clocks_before)) -lt "$CLOCKS_SPREAD" ]; then
      CLOCKS_SPREAD=$((NOW - clocks_before)) WALL=$clocks_wall
      CLOCKS_UPTIME=$((clocks_before + CLOCKS_SPREAD / 2))
    fi
    [ "$CLOCKS_SPREAD" -gt 500 ] || return 0
    clocks_left=$((clocks_left - 1))
  done
}

# $1 as a JSON string in R. Control characters become spaces: bytes that matter travel in base64.
quote() {
  case $1 in
    *[\\\"[:cntrl:]]*) escape "$1" ;;
    *) R=$1 ;;
  esac
  R="\"$R\""
}

escape() {
  escape_rest=$1 R=
  while :; do
    escape_before=${escape_rest%%[\\\"[:cntrl:]]*}
    R=$R$escape_before
    [ "$escape_before" != "$escape_rest" ] || return 0
    escape_rest=${escape_rest#"$escape_before"}
    case $escape_rest in
      \\*) R="$R\\\\" ;;
      \"*) R="$R\\\"" ;;
      *) R="$R " ;;
    esac
    escape_rest=${escape_rest#?}
  done
}

quote_or_null() {
  if [ -n "$1" ]; then quote "$1"; else R=null; fi
}

number_or_null() {
  R=$1
  while :; do
    case $R in
      0?*) R=${R#0} ;; # a leading zero is no JSON
      *) break ;;
    esac
  done
  case $R in
    '' | *[!0-9]* | ?????????????????*) R=null ;;
  esac
}

# Lines "key=value" as a JSON object of strings.
json_map() {
  json_map=
  json_map_rest=$1
  while [ -n "$json_map_rest" ]; do
    json_map_line=${json_map_rest%%"$NL"*}
    json_map_rest=${json_map_rest#"$json_map_line"}
    json_map_rest=${json_map_rest#"$NL"}
    case $json_map_line in *=*) ;; *) continue ;; esac
    quote "${json_map_line%%=*}"
    json_map="$json_map,$R"
    quote "${json_map_line#*=}"
    json_map="$json_map:$R"
  done
  R="{${json_map#,}}"
}

# Words as a JSON array of strings; one word a line.
json_list() {
  json_list=
  json_list_rest=$1
  while [ -n "$json_list_rest" ]; do
    json_list_line=${json_list_rest%%"$NL"*}
    json_list_rest=${json_list_rest#"$json_list_line"}
    json_list_rest=${json_list_rest#"$NL"}
    [ -n "$json_list_line" ] || continue
    quote "$json_list_line"
    json_list="$json_list,$R"
  done
  R="[${json_list#,}]"
}

# What machine and which boot this is; both answers of a hold must say the same.
know_machine() {
  BOOT='' UUID=''
  read -r BOOT <"$PROC/sys/kernel/random/boot_id"
  read -r UUID 2>/dev/null <"$SYS/class/dmi/id/product_uuid"
  ! is_container || know_container
  case $UUID in *[A-F]*) UUID=$(printf '%s' "$UUID" | tr 'A-F' 'a-f') ;; esac
  quote "$BOOT"
  BOOT_JSON=$R
  quote_or_null "$UUID"
  UUID_JSON=$R
}

# True in a container of LXC: systemd writes it down; any other init has it in its environment.
is_container() {
  if [ -d "$SYSTEMD" ]; then
    is_container=
    read -r is_container 2>/dev/null <"${SYSTEMD%/*}/container"
    [ "$is_container" = lxc ]
  else
    grep -qs 'container=lxc' "$PROC/1/environ"
  fi
}

# What a container is known by: boot and SMBIOS are its node's, the same for all of them. A boot of its own begins with its first
# process; its identity is the address of its network card, written as src/guest/container-identity.ts has it.
know_container() {
  UUID='' know_address=''
  read -r know_stat 2>/dev/null <"$PROC/1/stat" && start_in "$know_stat" && BOOT=$BOOT.$R
  read -r know_address 2>/dev/null <"$SYS/class/net/eth0/address" || know_address=$(first_address)
  case $know_address in
    00:00:00:00:00:00 | *[!0-9a-fA-F:]*) ;;
    ??:??:??:??:??:??)
      know_rest=$know_address:
      UUID=6c786300-0000-8000-8000-
      while [ -n "$know_rest" ]; do
        UUID=$UUID${know_rest%%:*}
        know_rest=${know_rest#*:}
      done
      ;;
  esac
}

# When a process began, in ticks since the node did, from its line $1, in R: the 20th word after the name.
start_in() {
  # shellcheck disable=SC2086 # words
  set -- ${1##*) }
  [ $# -ge 20 ] && shift 19 || return 1
  R=$1
}

# Of a card whose other end is in another name space: neither lo nor a bridge of the container's own.
first_address() {
  set +f
  for first_card in "$SYS"/class/net/*; do
    read -r first_link 2>/dev/null <"$first_card/iflink" && read -r first_index 2>/dev/null <"$first_card/ifindex" || continue
    [ "$first_link" != "$first_index" ] || continue
    read -r first_card <"$first_card/address" && printf '%s' "$first_card"
    break
  done
  set -f
}

# Which helper this is, in SELF_HASH. It costs a process: a hold asks before it stops anything, a release after the start.
SELF_HASH=
know_self() {
  [ -z "$SELF_HASH" ] || return 0
  SELF_HASH=$(sha256sum "$SELF")
  SELF_HASH=${SELF_HASH%% *}
}

# document OK ERROR FIELDS: the whole answer in R; FIELDS begins with a comma.
document() {
  know_self
  uptime_ms
  R="{\"version\":1,\"protocol\":$PROTOCOL,\"helper\":\"$VERSION\",\"sha256\":\"$SELF_HASH\",\"verb\":\"$VERB\",\"hold\":\"$HOLD\",\"ok\":$1"
  R="$R,\"error\":$2,\"bootId\":$BOOT_JSON,\"uuid\":$UUID_JSON,\"uptimeMs\":$NOW$3}"
}

# Prints the answer in R, and lets go of the lock first: whoever reads slowly, or never, keeps nobody else waiting.
say() {
  exec 9>&-
  printf '%s\n' "$R"
}

# Ends the verb with a refusal. Nothing is stopped, masked or armed when this is called. Where standard output is a stream,
# the words go where a program's words go, with a status that no program there ends with when it did its work: tar's 1 is one.
STREAMS=no
refuse() {
  if [ "$STREAMS" = yes ]; then
    printf 'stillshot-guest: %s (%s)\n' "$2" "$1" >&2
    exit 3
  fi
  quote "$2"
  document false "{\"code\":\"$1\",\"message\":$R}" ''
  say
  exit 1
}

usage() {
  printf 'stillshot-guest: %s\n' "$1" >&2
  exit 2
}
