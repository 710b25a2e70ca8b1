
# === Half: databases that a load has begun to replace and that are not whole yet ===
#
# MEMORY/half, on the guest's own disk, from before the first drop until the databases are whole, one way or the other. While
# it is there nothing that the load's hold stopped is started: by no release, watchdog or boot, and by no person, for a
# drop-in gives each of those units a condition. Without systemd a boot asks nobody: there its init scripts start all.
#
# Lines "key rest"; the last "loaded" counts. Made whole, it is MEMORY/whole until what ran before runs again.

HALF=$MEMORY/half
WHOLE=$MEMORY/whole
HALF_DROP_IN=zz-stillshot-half.conf
HALF_CONDITION="[Unit]${NL}ConditionPathExists=!$HALF$NL"
HALF_KEPT=''

# Where the mark's disk is another than that of the databases, a roll back may put these back and leave the mark. So an empty file
# is made in the data directory before the mark: where it is not there any more, those are other databases. Its name says all,
# and is made by mktemp alone: the directory is the server's, who could put a link in the place of any name that he knows.

# half_read FILE: false when there is none. One that cannot be read keeps things down all the same.
#
# HALF_KEPT: units, separated by blanks. HALF_WAS: lines "unit startSeconds" of what ran, in start order. HALF_DATABASES: a
# name a line.
half_read() {
  HALF_RUN='' HALF_SINCE='' HALF_BOOT='' HALF_AT='' HALF_HELD=free
  HALF_KEPT='' HALF_WAS='' HALF_DATABASES='' HALF_LOADED='' HALF_DATA=''
  [ -f "$1" ] || return 1
  while IFS= read -r half_line; do
    half_rest=${half_line#* }
    case $half_line in
      'run '*) HALF_RUN=$half_rest ;;
      'since '*) HALF_SINCE=$half_rest ;;
      'boot '*) HALF_BOOT=${half_rest% *} HALF_AT=${half_rest##* } ;;
      'held held') HALF_HELD=held ;;
      'data '*) HALF_DATA=$half_rest ;;
      'kept '*) HALF_KEPT="$HALF_KEPT $half_rest" ;;
      'was '*) HALF_WAS="$HALF_WAS$half_rest$NL" ;;
      'database '*) HALF_DATABASES="$HALF_DATABASES$half_rest$NL" ;;
      'loaded '*) HALF_LOADED=$half_rest ;;
    esac
  done 2>/dev/null <"$1"
  HALF_KEPT=${HALF_KEPT# }
}

# True when unit $1 is kept down. After half_read.
half_keeps() {
  [ -n "$HALF_KEPT" ] && contains "$HALF_KEPT" "$1"
}

# True when others are in the place of the databases that run HALF_RUN began to replace. After half_read.
half_replaced() {
  # What is not mounted just now is not replaced.
  [ -n "$HALF_DATA" ] && [ -d "$HALF_DATA/mysql" ] || return 1
  half_replaced=yes
  set +f
  for half_path in "$HALF_DATA/stillshot-half-$HALF_RUN".*; do
    [ ! -f "$half_path" ] || half_replaced=no
  done
  set -f
  [ "$half_replaced" = yes ]
}

# half_witness DIRECTORY: false where the data directory takes no file; then nothing tells.
half_witness() {
  [ -d "$1/mysql" ] && mktemp "$1/stillshot-half-$LOAD.XXXXXX" >/dev/null 2>&1 && sync_file "$1"
}

half_forget_witness() {
  [ -n "$HALF_DATA" ] || return 0
  set +f
  rm -f "$HALF_DATA"/stillshot-half-*
  set -f
}

half_words() {
  R="half restored since ${HALF_SINCE:-a time that is not known} by run ${HALF_RUN:--}"
}

# What is told of it, as JSON in R.
half_json() {
  R=null
  half_read "$HALF" || return 0
  quote "$HALF_RUN"
  half_json="{\"run\":$R"
  quote "$HALF_SINCE"
  half_json="$half_json,\"since\":$R"
  [ "$HALF_HELD" = held ] && R=true || R=false
  half_json="$half_json,\"held\":$R"
  json_list "$HALF_DATABASES"
  half_json="$half_json,\"databases\":$R"
  case $HALF_LOADED in drop | back) quote "$HALF_LOADED" ;; *) R=null ;; esac
  half_json="$half_json,\"loaded\":$R"
  ! half_replaced && R=false || R=true
  R="$half_json,\"replaced\":$R}"
}

# The system's log is told too: nobody may be left who hears an answer.
half_complain() {
  half_words
  R="$R: what it stopped stays stopped until a restore makes the databases whole"
  ! command -v logger >/dev/null || timeout -s KILL 5 logger -p daemon.alert -t stillshot-guest -- "$R" >/dev/null 2>&1 9>&- || :
}

# For what would take the databases for whole.
half_refuse() {
  ! half_read "$HALF" || {
    half_words
    refuse half-restored "$R"
  }
}

# A hold for another restore finds stopped what the one before had stopped: what ran before that one is what ran.
half_hold() {
  half_read "$HALF" || half_read "$WHOLE" || return 0
  half_found='' half_rest=$FOUND
  while [ -n "$half_rest" ]; do
    half_line=${half_rest%%"$NL"*}
    half_rest=${half_rest#*"$NL"}
    # shellcheck disable=SC2086 # ten words
    set -- $half_line
    case $4 in
      inactive | failed)
        if half_was "$3"; then
          half_line="$1 $2 $3 active"
          shift 4
          half_line="$half_line $*"
        fi
        ;;
    esac
    half_found="$half_found$half_line$NL"
  done
  FOUND=$half_found
  half_related "$TRIGGERS"
  TRIGGERS=$R
  half_related "$DEPENDENTS"
  DEPENDENTS=$R
}

half_was() {
  case "$NL$HALF_WAS" in *"$NL$1 "*) return 0 ;; esac
  return 1
}

half_related() {
  half_found='' half_rest=$1
  while [ -n "$half_rest" ]; do
    # shellcheck disable=SC2086 # three words
    set -- ${half_rest%%"$NL"*}
    half_rest=${half_rest#*"$NL"}
    [ "$3" != no ] || ! half_was "$2" || set -- "$1" "$2" yes
    half_found="$half_found$1 $2 $3$NL"
  done
  R=$half_found
}
