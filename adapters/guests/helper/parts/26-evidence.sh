
# === Evidence: raw facts about a server that stands still; judging them is not our business ===

# as_server WORD…, in a process of its own: a program that reads what the server's user can write, where a link, a pipe or a
# file without end may stand. So it reads with that user's rights (READER, "uid:gid") and for thirty seconds at most, which a starved guest may need. Checking
# what lies there and opening it afterwards would leave time to exchange it.
as_server() {
  [ -z "$READER" ] || set -- setpriv "--reuid=${READER%:*}" "--regid=${READER#*:}" --clear-groups -- "$@"
  exec timeout -s KILL 30 "$@"
}

# Database servers on the whole machine, whoever started them, containers included; builtins only.
processes() {
  processes='' processes_count=0
  set +f
  for processes_path in "$PROC"/[0-9]*; do
    read -r processes_command 2>/dev/null <"$processes_path/comm" || continue
    case $processes_command in
      mysqld_exporter) ;; # reads metrics
      mysqld* | mariadbd*)
        quote "$processes_command"
        processes="$processes,{\"pid\":${processes_path##*/},\"command\":$R}"
        # Anybody may call himself so, a thousand times: enough is seen.
        processes_count=$((processes_count + 1))
        [ "$processes_count" -lt 50 ] || break
        ;;
    esac
  done
  set -f
  R="[${processes#,}]"
}

# The same beside other work: processes_to FILE, to be called with &; read_processes FILE afterwards, without a process. What could
# not be written down is taken for a server that ran.
processes_to() {
  processes
  printf '%s\n' "$R" >"$1"
}

read_processes() {
  R=
  IFS= read -r R 2>/dev/null <"$1" || :
  case $R in
    '['*']') ;;
    *) R='[{"pid":0,"command":"unknown"}]' ;;
  esac
}

# Lines of od joined into one hexadecimal text in R.
squeeze() {
  IFS=" $NL"
  # shellcheck disable=SC2086
  set -- $1
  IFS=''
  R="$*"
  IFS=" $TAB$NL"
}

# The first 16 characters of $1 in R.
first_16() {
  R=${1%"${1#????????????????}"}
}

# What as_server runs for files_evidence, in one process because each costs outage: `log redo file…`. Fields between tabs, each
# after a "=", the last a dot: what stat says of all files; the first 64 bytes of each that has as many, and of the Aria control
# file, which may be shorter and is the last; the head of the redo log; for the redo of MariaDB 10.8 and newer what follows the
# newest checkpoint, after a line with its place: a guess that saves a process, redo_tail knows better.
# shellcheck disable=SC2016 # it is not for this shell
READ_EVIDENCE='log=$1 redo=$2 lines=
shift 2
[ $# -eq 0 ] && [ -z "$log" ] || stats=$(stat -L -c "%s|%y|%n" -- "$@" ${log:+"$log"})
printf "=%s\t=" "${stats-}"
set -f --
IFS="
"
for line in ${stats-}; do
  path=${line#*|*|}
  [ "$path" != "$redo" ] || size=${line%%|*}
  [ "$path" != "$log" ] || continue
  [ "${line%%|*}" -lt 64 ] && [ "${path##*/}" != aria_log_control ] || set -- "$@" "$path"
done
[ $# -eq 0 ] || head -q -c 64 -- "$@" | od -v -A n -t x1 -w64
[ -z "$redo" ] || lines=$(od -A d -t x1 -w64 -N 8256 -- "$redo")
printf "\t=%s\t=" "$lines"
first=0 newest=0
for line in $lines; do
  case $line in "0000000 50 68 79 73 "* | "0004096 "* | "0008192 "*) ;; *) continue ;; esac
  IFS=" "
  set -- $line
  case $1 in
    0000000) first=$((0x${10}${11}${12}${13}${14}${15}${16}${17})) ;;
    *) [ $((0x$2$3$4$5$6$7$8$9)) -le "$newest" ] || newest=$((0x$2$3$4$5$6$7$8$9)) ;;
  esac
done
if [ "$first" -gt 0 ] && [ "$newest" -ge "$first" ] && [ "${size:-0}" -gt 12800 ]; then
  place=$((12288 + (newest - first) % (size - 12288)))
  [ $((place + 512)) -gt "$size" ] || { echo "$place" && od -v -A n -t x1 -w64 -j "$place" -N 512 -- "$redo"; }
fi
printf "\t."'

# FILES: lines "role path", redo logs first, then tablespaces, the (short) Aria control file last. REDO: the redo file with
# the checkpoints. Answers FILES_JSON, REDO_JSON and LOG_SIZE. HEADS: one line of hexadecimal for each head that was read.
files_evidence() {
  evidence_rest=$FILES
  set --
  while [ -n "$evidence_rest" ]; do
    evidence_line=${evidence_rest%%"$NL"*}
    evidence_rest=${evidence_rest#*"$NL"}
    # Not a pipe or a device that somebody put there: reading one might never end.
    [ ! -f "${evidence_line#* }" ] || set -- "$@" "${evidence_line#* }"
  done
  FILES_JSON='[]' REDO_JSON=null LOG_SIZE=0 REDO_SIZE=0 evidence_log='' evidence_redo=$REDO
  case $LOG in file\ *) evidence_log=${LOG#file * } ;; esac
  [ $# -gt 0 ] || [ -n "$evidence_log" ] || return 0
  [ -f "$evidence_redo" ] || evidence_redo=''
  evidence_count=$#
  evidence_read=$(as_server sh -c "$READ_EVIDENCE" sh "$evidence_log" "$evidence_redo" "$@" 2>/dev/null)
  # Split as words: a pattern that looks for a mark in a text of this length takes the shell milliseconds.
  IFS=$TAB
  # shellcheck disable=SC2086
  set -- $evidence_read
  IFS=" $TAB$NL"
  # Ended before its time was over, or not at all: nothing is known.
  [ $# -eq 5 ] && [ "$5" = . ] || set -- = = = =
  evidence_stat=${1#=}$NL HEADS=${2#=} redo_lines=$NL${3#=}$NL redo_guess=${4#=}
  [ "$evidence_count" -gt 0 ] || {
    LOG_SIZE=${evidence_stat%%|*}
    is_between "$LOG_SIZE" 0 999999999 || LOG_SIZE=0
    return 0
  }
  evidence_json
  [ -z "$evidence_redo" ] || redo_evidence
}

evidence_json() {
  FILES_JSON='' REDO_NAMES=''
  evidence_rest=$evidence_stat
  while [ -n "$evidence_rest" ]; do
    evidence_line=${evidence_rest%%"$NL"*}
    evidence_rest=${evidence_rest#*"$NL"}
    [ -n "$evidence_line" ] || continue
    evidence_size=${evidence_line%%|*} evidence_path=${evidence_line#*|*|}
    evidence_time=${evidence_line#*|}
    evidence_time=${evidence_time%%|*}
    if [ "$evidence_path" = "$evidence_log" ]; then
      LOG_SIZE=$evidence_size
      continue
    fi
    evidence_head=
    if [ "$evidence_size" -ge 64 ] || [ "${evidence_path##*/}" = aria_log_control ]; then
      squeeze "${HEADS%%"$NL"*}"
      evidence_head=$R HEADS=${HEADS#*"$NL"}
    fi
    evidence_file
  done
  FILES_JSON="[${FILES_JSON#,}]" REDO_NAMES="[${REDO_NAMES#,}]"
}

evidence_file() {
  evidence_role=redo
  case "$NL$FILES" in
    *"${NL}system-tablespace $evidence_path$NL"*) evidence_role=system-tablespace ;;
    *"${NL}aria-control $evidence_path$NL"*) evidence_role=aria-control ;;
    *)
      quote "${evidence_path##*/}"
      REDO_NAMES="$REDO_NAMES,{\"name\":$R,\"sizeBytes\":$evidence_size}"
      [ "$evidence_path" != "$REDO" ] || REDO_SIZE=$evidence_size
      ;;
  esac
  quote "$evidence_path"
  FILES_JSON="$FILES_JSON,{\"role\":\"$evidence_role\",\"path\":$R,\"sizeBytes\":$evidence_size"
  FILES_JSON="$FILES_JSON,\"modified\":\"$evidence_time\",\"headHex\":\"$evidence_head\"}"
}

# From redo_lines: header, the four places where a checkpoint may stand, and what follows the last checkpoint.
redo_evidence() {
  redo_line 0000000
  redo_header=$R redo_checkpoints='' redo_newest=''
  redo_place 512 0000512
  redo_place 1536 0001536
  redo_place 4096 0004096
  redo_place 8192 0008192
  redo_tail_json=null
  case $redo_header in
    # "Phys": MariaDB 10.8 and newer. Offset of a log sequence number: storage/innobase/include/log0log.h, calc_lsn_offset.
    50687973*) [ -z "$redo_newest" ] || redo_tail ;;
  esac
  quote "$REDO"
  REDO_JSON="{\"path\":$R,\"sizeBytes\":$REDO_SIZE,\"headerHex\":\"$redo_header\",\"checkpoints\":[${redo_checkpoints#,}]"
  REDO_JSON="$REDO_JSON,\"tail\":$redo_tail_json,\"names\":$REDO_NAMES}"
}

# redo_line ADDRESS: 64 bytes in R. od leaves out lines that are like the one before them, so that a line that is not there
# is the last one that is.
redo_line() {
  R=
  case $redo_lines in
    *"$NL$1 "*)
      R=${redo_lines#*"$NL$1 "}
      R=${R%%"$NL"*}
      ;;
    *)
      redo_rest=${redo_lines#"$NL"} redo_beyond=no
      while [ -n "$redo_rest" ]; do
        redo_text=${redo_rest%%"$NL"*}
        redo_rest=${redo_rest#*"$NL"}
        case $redo_text in \**) continue ;; esac
        # Seven digits each, compared as numbers with a one before them.
        [ "1${redo_text%% *}" -lt "1$1" ] || {
          redo_beyond=yes
          break
        }
        R=${redo_text#* }
      done
      # The last line is where the file, or our reading, ended: what lies beyond it is not there.
      [ "$redo_beyond" = yes ] || R=''
      ;;
  esac
  squeeze "$R"
}

# redo_place OFFSET ADDRESS: one checkpoint; the newest of those at 4096 and 8192 is kept for the tail.
redo_place() {
  redo_line "$2"
  [ -n "$R" ] || return 0
  redo_checkpoints="$redo_checkpoints,{\"offset\":$1,\"hex\":\"$R\"}"
  [ "$1" -ge 4096 ] || return 0
  first_16 "$R"
  [ -n "$redo_newest" ] && [ $((0x$R)) -le "$redo_newest" ] || redo_newest=$((0x$R))
}

redo_tail() {
  first_16 "${redo_header#????????????????}"
  redo_capacity=$((REDO_SIZE - 12288)) redo_first=$((0x$R))
  [ "$redo_capacity" -gt 512 ] && [ "$redo_newest" -ge "$redo_first" ] || return 0
  redo_offset=$((12288 + (redo_newest - redo_first) % redo_capacity))
  redo_left=$((REDO_SIZE - redo_offset))
  case $redo_guess in
    "$redo_offset$NL"*) redo_lines=${redo_guess#*"$NL"} ;;
    *) redo_lines=$(as_server od -v -A n -t x1 -w64 -j "$redo_offset" -N 512 "$REDO" 2>/dev/null) ;;
  esac
  # The log is a ring: what follows its last byte is the first one after the header.
  [ "$redo_left" -ge 512 ] || redo_lines=$redo_lines$NL$(as_server od -v -A n -t x1 -w64 -j 12288 -N $((512 - redo_left)) "$REDO" 2>/dev/null)
  squeeze "$redo_lines"
  redo_tail_json="{\"offset\":$redo_offset,\"hex\":\"$R\"}"
}

# Prints how many files below the server's directories are open, by anybody; for a process of its own. Not its error log:
# we hold it open ourselves, and whoever reads it holds no data.
open_files() {
  open_files_log=$(readlink "$PROC/self/fd/4" 2>/dev/null)
  exec 4<&-
  set -- -false
  open_files_rest=$DIRECTORIES
  while [ -n "$open_files_rest" ]; do
    open_files_path=${open_files_rest%%"$NL"*}
    open_files_rest=${open_files_rest#*"$NL"}
    escape_pattern "${open_files_path#* }"
    set -- "$@" -o -lname "${R%/}/*"
  done
  escape_pattern "$open_files_log"
  set +f
  # Bounded, because anybody may hold a million files open; what was not counted to the end is not known.
  open_files=$(timeout -s KILL 20 find "$PROC"/[0-9]*/fd ! -lname "$R" '(' "$@" ')' 2>/dev/null)
  case $? in 0 | 1) ;; *) return 0 ;; esac
  set -f
  IFS=$NL
  # shellcheck disable=SC2086
  set -- $open_files
  printf '%s\n' $#
}

# $1 as a pattern that means itself, in R.
escape_pattern() {
  escape_pattern_rest=$1 R=
  while :; do
    escape_pattern_before=${escape_pattern_rest%%[\[\]*?\\]*}
    R=$R$escape_pattern_before
    [ "$escape_pattern_before" != "$escape_pattern_rest" ] || return 0
    escape_pattern_rest=${escape_pattern_rest#"$escape_pattern_before"}
    R="$R\\${escape_pattern_rest%"${escape_pattern_rest#?}"}"
    escape_pattern_rest=${escape_pattern_rest#?}
  done
}
