
# === Survey: the profile's components as they are in this guest ===
#
# FOUND     lines "kind wanted unit active stopSeconds startSeconds loadState enabled slowKill fragmentPath", in stop order
# TRIGGERS  lines "component unit active": what would start a component (socket, path, timer)
# DEPENDENTS lines "component unit active": what systemd stops together with a component

survey() {
  FOUND='' TRIGGERS='' DEPENDENTS='' DBMS='' DBMS_BLOCK='' OTHER_DBMS=''
  survey_roles
  survey_names=
  while read -r survey_kind survey_wanted _; do
    case $survey_wanted in
      '') continue ;;
      auto) survey_names="$survey_names mariadb.service mysql.service mysqld.service" ;;
      *.*) survey_names="$survey_names $survey_wanted" ;;
      *) survey_names="$survey_names $survey_wanted.service" ;;
    esac
  done <<END
$SURVEYED
END
  # shellcheck disable=SC2086 # unit names without blanks
  show_units $survey_names
  while read -r survey_kind survey_wanted survey_stop survey_start; do
    [ -n "$survey_kind" ] || continue
    if [ "$survey_wanted" = auto ]; then
      survey_choose
    else
      next_block || BLOCK=''
    fi
    survey_add
  done <<END
$SURVEYED
END
  [ "$INIT" != systemd ] || survey_dependents
}

# Of mariadb, mysql and mysqld (often names of one unit) the one that is active, else the first that is there.
survey_choose() {
  survey_best='' survey_best_id='' survey_best_active=''
  for _ in mariadb mysql mysqld; do
    next_block || break
    property LoadState
    [ "$R" = loaded ] || continue
    property Id
    survey_id=$R
    property ActiveState
    if [ -z "$survey_best" ]; then
      survey_best=$BLOCK survey_best_id=$survey_id survey_best_active=$R
    elif [ "$survey_id" != "$survey_best_id" ] && [ "$R" = active ]; then
      # Two servers that run: whichever is held, the other goes on writing.
      [ "$survey_best_active" != active ] || OTHER_DBMS=$survey_id
      survey_best=$BLOCK survey_best_id=$survey_id survey_best_active=$R
    fi
  done
  BLOCK=$survey_best
}

survey_add() {
  property Id
  survey_id=$R
  property LoadState
  survey_load=${R:-not-found}
  property ActiveState
  survey_active=${R:-inactive}
  property UnitFileState
  survey_enabled=${R:--}
  # What would kill a server that is slow to stop: see 18-block.sh.
  property SendSIGKILL
  survey_kill=$R
  property TimeoutStopUSec
  survey_kill="${survey_kill:--}/${R%% *}"
  property FragmentPath
  survey_fragment=${R:--}
  [ "$survey_load" != not-found ] || survey_id=-
  FOUND="$FOUND$survey_kind $survey_wanted $survey_id $survey_active $survey_stop $survey_start"
  FOUND="$FOUND $survey_load $survey_enabled $survey_kill $survey_fragment$NL"
  [ "$survey_id" != - ] || return 0
  if [ "$survey_kind" = dbms ]; then
    DBMS=$survey_id DBMS_BLOCK=$BLOCK
  fi
  survey_queue "$survey_id"
}

# Notes what belongs to component $1 by BLOCK, to be looked at by survey_dependents.
survey_queue() {
  property TriggeredBy
  for survey_queue in $R; do
    TRIGGERS="$TRIGGERS$1 $survey_queue ?$NL"
  done
  survey_stopped=
  for survey_property in RequiredBy BoundBy ConsistsOf RequisiteOf PropagatesStopTo; do
    property "$survey_property"
    survey_stopped="$survey_stopped $R"
  done
  for survey_queue in $survey_stopped; do
    case "$NL$FOUND$NL$DEPENDENTS" in *" $survey_queue "*) continue ;; esac
    DEPENDENTS="$DEPENDENTS$1 $survey_queue ?$NL"
  done
}

# Fills in which of them are active, and what depends on those in turn; one process a generation.
survey_dependents() {
  survey_round=0
  while [ "$survey_round" -lt 8 ]; do
    survey_round=$((survey_round + 1))
    survey_open="$TRIGGERS$DEPENDENTS" survey_names=''
    while read -r _ survey_unit survey_active; do
      [ "$survey_active" != '?' ] || survey_names="$survey_names $survey_unit"
    done <<END
$survey_open
END
    [ -n "$survey_names" ] || return 0
    # shellcheck disable=SC2086 # unit names without blanks
    show_units $survey_names
    for survey_unit in $survey_names; do
      next_block || BLOCK=''
      survey_settle "$survey_unit"
    done
  done
}

# The state of related unit $1 by BLOCK, wherever it stands in the two lists.
survey_settle() {
  property ActiveState
  survey_state=no
  case $R in
    active | reloading) survey_state=yes ;;
    activating) survey_state=starting ;;
  esac
  survey_owner=
  survey_settled=
  while read -r survey_component survey_related survey_active; do
    [ -n "$survey_component" ] || continue
    [ "$survey_related" != "$1" ] || survey_active=$survey_state survey_owner=$survey_component
    survey_settled="$survey_settled$survey_component $survey_related $survey_active$NL"
  done <<END
$DEPENDENTS
END
  DEPENDENTS=$survey_settled survey_settled=''
  while read -r survey_component survey_related survey_active; do
    [ -n "$survey_component" ] || continue
    [ "$survey_related" != "$1" ] || survey_active=$survey_state
    survey_settled="$survey_settled$survey_component $survey_related $survey_active$NL"
  done <<END
$TRIGGERS
END
  TRIGGERS=$survey_settled
  # What is not active is not stopped, and neither is what depends on it.
  if [ -n "$survey_owner" ] && [ "$survey_state" != no ]; then survey_queue_dependents; fi
}

survey_queue_dependents() {
  survey_kept=$TRIGGERS
  survey_queue "$survey_owner"
  TRIGGERS=$survey_kept
}
