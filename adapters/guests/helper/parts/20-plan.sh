
# === Plan: what a hold found, written down before it stops anything ===
#
# Lines "key rest"; a path is always the last word, so that it may hold blanks.

write_plan() {
  {
    printf 'profile %s\nttl %s\nfires %s\nwatchdog %s\n' "$PROFILE" "$TTL" "$FIRES" "$WATCHDOG"
    while read -r write_plan_kind _ write_plan_unit write_plan_active _ write_plan_start _; do
      [ -z "$write_plan_kind" ] || printf 'unit %s %s %s %s\n' "$write_plan_kind" "$write_plan_unit" "$write_plan_active" "$write_plan_start"
    done
    write_plan_list trigger "$TRIGGERS"
    write_plan_list dependent "$DEPENDENTS"
    printf 'login %s\nclient %s\ndatabase-user %s\ndefaults-file %s\nreader %s\n' "$LOGIN" "$CLIENT" "$DATABASE_USER" "$DEFAULTS_FILE" "$READER"
    printf 'socket %s\nlog %s\nredo %s\n' "$SOCKET" "$LOG" "$REDO"
    write_plan_list file "$FILES"
    # The last word: a plan that was cut short (full disk) must not be acted on.
    printf 'end\n'
  } >"$RUN/holds/$HOLD/plan.new" <<END && mv "$RUN/holds/$HOLD/plan.new" "$RUN/holds/$HOLD/plan"
$FOUND
END
}

write_plan_list() {
  write_plan_rest=$2
  while [ -n "$write_plan_rest" ]; do
    printf '%s %s\n' "$1" "${write_plan_rest%%"$NL"*}"
    write_plan_rest=${write_plan_rest#*"$NL"}
  done
}

# UNITS: lines "kind unit active startSeconds" in stop order; REVERSED: the same in start order.
read_plan() {
  PROFILE='' FIRES=0 WATCHDOG=process UNITS='' REVERSED='' TRIGGERS='' DEPENDENTS='' DBMS=''
  LOGIN=no CLIENT='' DATABASE_USER='' DEFAULTS_FILE='' SOCKET='' LOG='' REDO='' FILES='' READER='' PLAN_WHOLE=no
  [ -f "$RUN/holds/$HOLD/plan" ] || return 1
  while read -r read_plan_key read_plan_rest; do
    case $read_plan_key in
      unit)
        UNITS="$UNITS$read_plan_rest$NL" REVERSED="$read_plan_rest$NL$REVERSED"
        case $read_plan_rest in
          "dbms - "*) ;;
          dbms*)
            DBMS=${read_plan_rest#dbms }
            DBMS=${DBMS%% *}
            ;;
        esac
        ;;
      trigger) TRIGGERS="$TRIGGERS$read_plan_rest$NL" ;;
      dependent) DEPENDENTS="$DEPENDENTS$read_plan_rest$NL" ;;
      file) FILES="$FILES$read_plan_rest$NL" ;;
      profile) PROFILE=$read_plan_rest ;;
      fires) FIRES=$read_plan_rest ;;
      watchdog) WATCHDOG=$read_plan_rest ;;
      login) LOGIN=$read_plan_rest ;;
      client) CLIENT=$read_plan_rest ;;
      database-user) DATABASE_USER=$read_plan_rest ;;
      defaults-file) DEFAULTS_FILE=$read_plan_rest ;;
      reader) READER=$read_plan_rest ;;
      socket) SOCKET=$read_plan_rest ;;
      log) LOG=$read_plan_rest ;;
      redo) REDO=$read_plan_rest ;;
      end) PLAN_WHOLE=yes ;;
    esac
  done <"$RUN/holds/$HOLD/plan"
  ! read -r read_plan_rest 2>/dev/null <"$RUN/holds/$HOLD/lease" || FIRES=$read_plan_rest
  [ "$PLAN_WHOLE" = yes ]
}

# Every unit that a block is put on, in R: the components and what would start them.
blocked_units() {
  blocked_units=
  while read -r _ blocked_unit blocked_active _; do
    [ -z "$blocked_unit" ] || [ "$blocked_unit" = - ] || [ "$blocked_active" != active ] || blocked_units="$blocked_units $blocked_unit"
  done <<END
$UNITS
END
  while read -r _ blocked_unit _; do
    [ -z "$blocked_unit" ] || blocked_units="$blocked_units $blocked_unit"
  done <<END
$TRIGGERS
END
  R=${blocked_units# }
}

# related LIST COMPONENT: [{unit, active}…] in R, and the names of the active ones in ACTIVE.
related() {
  related='' ACTIVE=''
  while read -r related_owner related_unit related_active; do
    [ "$related_owner" = "$2" ] && [ -n "$related_unit" ] || continue
    case $related_active in
      yes | starting) related_active=true ACTIVE="$ACTIVE $related_unit" ;;
      *) related_active=false ;;
    esac
    quote "$related_unit"
    related="$related,{\"unit\":$R,\"active\":$related_active}"
  done <<END
$1
END
  R="[${related#,}]"
}

# The active triggers of a component in ACTIVE, without building JSON.
active_triggers() {
  ACTIVE=
  [ -n "$TRIGGERS" ] || return 0
  related "$TRIGGERS" "$1"
}
