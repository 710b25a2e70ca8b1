
# === drill PROFILE ID SECONDS: is what is in this copy of the machine whole? ===
#
# For a copy that was made of a snapshot, and for no other machine: it asks the server for everything, and runs the SQL that
# it is told. So it refuses where there is a network card. Standard input: lines "password=…", "marker=PATH", "assert=SQL".

drill_verb() {
  expect_words $# 3
  expect_profile "$1"
  expect_id "$2"
  is_between "$3" 1 86400 || usage 'the seconds are a whole number up to 86400'
  HOLD=$2
  load_profile "$1"
  ! has_network_card || refuse not-a-copy "the machine has the network card $R: a drill is for a copy that has none"
  read_drill_orders
  open_state
  survey
  know_server 30
  uptime_ms
  drill_until=$((NOW + $3 * 1000))
  drill_markers
  drill_markers=$R
  drill_tables
  drill_assertions
  document true null ",\"markers\":$drill_markers,\"tables\":$TABLES_JSON,\"assertions\":$R"
  say
}

# The first real network card in R: what has no device behind it leads nowhere by itself.
has_network_card() {
  set +f
  for R in "$SYS"/class/net/*; do
    [ ! -e "$R/device" ] || { R=${R##*/} && set -f && return 0; }
  done
  set -f
  return 1
}

read_drill_orders() {
  PASSWORD='' DRILL_MARKERS='' DRILL_ASSERTIONS=''
  drill_rest=$(timeout -s KILL 10 head -c 262144)$NL
  exec </dev/null
  while [ -n "$drill_rest" ]; do
    drill_line=${drill_rest%%"$NL"*}
    drill_rest=${drill_rest#*"$NL"}
    case $drill_line in
      password=*) PASSWORD=${drill_line#password=} ;;
      marker=/*) DRILL_MARKERS="$DRILL_MARKERS${drill_line#marker=}$NL" ;;
      assert=?*) DRILL_ASSERTIONS="$DRILL_ASSERTIONS${drill_line#assert=}$NL" ;;
    esac
  done
}

# What the markers at the given places say now, whatever the server says; in R.
drill_markers() {
  drill_found=
  while IFS= read -r drill_path; do
    [ -n "$drill_path" ] || continue
    drill_name=${drill_path##*/} drill_text=''
    # shellcheck disable=SC3067 # see 14-state.sh
    ! enter_markers "${drill_path%/*}" || [ ! -f "$drill_name" ] || [ ! -O "$drill_name" ] || [ -L "$drill_name" ] ||
      read -r drill_text <"$drill_name"
    cd /
    quote "$drill_path"
    drill_found="$drill_found,{\"path\":$R"
    quote_or_null "$drill_text"
    drill_found="$drill_found,\"content\":$R}"
  done <<END
$DRILL_MARKERS
END
  R="[${drill_found#,}]"
}

# Seconds that are left, in R; at least 1, so that what follows ends by itself.
drill_seconds() {
  uptime_ms
  R=$(((drill_until - NOW) / 1000))
  [ "$R" -ge 1 ] || R=1
}

# CHECK TABLE for every table that the server lists, several to a client. A table that is missing under its name is listed.
drill_tables() {
  TABLES_JSON=null
  [ "$LOGIN" = yes ] || return 0
  drill_list="SELECT CONCAT('CHECK TABLE \`', REPLACE(table_schema, '\`', '\`\`'), '\`.\`', REPLACE(table_name, '\`', '\`\`'), '\`;') FROM information_schema.tables WHERE table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') AND table_schema NOT IN ('information_schema', 'performance_schema')"
  drill_checked=0 drill_unchecked=0 drill_bad='' drill_bad_count=0 drill_error=''
  drill_seconds
  if ask "$R" "$drill_list" --skip-column-names --raw; then
    drill_rest=${R%stillshot-end*}
    while [ -n "$drill_rest" ] && [ -z "$drill_error" ]; do
      next_chunk
      check_chunk
    done
  else
    drill_error=$ASK_ERROR
  fi
  quote_or_null "$drill_error"
  TABLES_JSON="{\"checked\":$drill_checked,\"unchecked\":$drill_unchecked,\"badCount\":$drill_bad_count,\"bad\":[${drill_bad#,}],\"error\":$R}"
}

# Statements from drill_rest as long as one word of a command line may be, in drill_chunk.
next_chunk() {
  drill_chunk=
  while [ -n "$drill_rest" ] && [ ${#drill_chunk} -lt 30000 ]; do
    drill_chunk="$drill_chunk${drill_rest%%"$NL"*} "
    drill_rest=${drill_rest#*"$NL"}
  done
}

# The rows of good tables are counted and dropped: there may be a table for every customer.
check_chunk() {
  drill_seconds
  drill_said=$(credentials | client "$R" --skip-column-names -e "$drill_chunk SELECT 'stillshot-end'" 2>"$RUN/client-errors" | judge_rows | head -c 1000000)
  drill_end=no
  while IFS=$TAB read -r drill_kind drill_table drill_word; do
    case $drill_kind in
      checked) drill_checked=$((drill_checked + drill_table)) ;;
      unchecked) drill_unchecked=$((drill_unchecked + drill_table)) ;;
      bad)
        drill_bad_count=$((drill_bad_count + 1))
        [ "$drill_bad_count" -le 100 ] || continue
        quote "$drill_table"
        drill_bad="$drill_bad,{\"table\":$R"
        quote "$drill_word"
        drill_bad="$drill_bad,\"message\":$R}"
        ;;
      end) drill_end=yes ;;
    esac
  done <<END
$drill_said
END
  [ "$drill_end" = no ] || return 0
  read -r drill_error <"$RUN/client-errors" || :
  drill_error=${drill_error:-no answer in time}
}

# Rows of CHECK TABLE: table, "check", kind of message, text. Good is what ends with the status OK, or says that nothing had to
# be looked at; what an engine cannot check is neither, nor is what an older server made and nobody has upgraded since. Of a
# bad table the first word against it is told.
judge_rows() {
  awk -F '\t' '
    $1 == "stillshot-end" { ended = 1; next }
    $2 != "check" { next }
    $4 ~ /^Table (upgrade|rebuild) required/ { seen[$1] = 1; skipped[$1] = 1; next }
    tolower($3) == "error" || tolower($3) == "warning" { if (!($1 in said)) said[$1] = $4 }
    tolower($3) == "error" { bad[$1] = 1 }
    tolower($3) == "note" && $4 ~ /support/ { skipped[$1] = 1 }
    { seen[$1] = 1 }
    tolower($3) == "status" && $4 != "OK" && $4 != "Table is already up to date" { bad[$1] = 1; if (!($1 in said)) said[$1] = $4 }
    END {
      for (table in seen) {
        if (table in bad) print "bad\t" table "\t" said[table]
        else if (table in skipped) unchecked++
        else checked++
      }
      print "checked\t" (checked + 0)
      print "unchecked\t" (unchecked + 0)
      if (ended) print "end"
    }'
}

# What the server answers to each of the admin's own questions; in R.
drill_assertions() {
  drill_answers=
  while IFS= read -r drill_sql; do
    [ -n "$drill_sql" ] || continue
    drill_rows=0 drill_first='' ASK_ERROR='the server could not be asked'
    drill_seconds
    if [ "$LOGIN" = yes ] && ask "$R" "$drill_sql" --skip-column-names; then
      drill_answer=${R%stillshot-end*}
      drill_first=${drill_answer%%"$NL"*}
      while [ -n "$drill_answer" ] && [ "$drill_rows" -lt 2 ]; do
        drill_rows=$((drill_rows + 1))
        drill_answer=${drill_answer#*"$NL"}
      done
    fi
    quote_or_null "$ASK_ERROR"
    drill_answers="$drill_answers,{\"rows\":$drill_rows,\"error\":$R"
    # The server may answer anything of any length.
    drill_first=$(printf '%s' "$drill_first" | head -c 500)
    quote "$drill_first"
    drill_answers="$drill_answers,\"first\":$R}"
  done <<END
$DRILL_ASSERTIONS
END
  R="[${drill_answers#,}]"
}
