
# === Roles: what distributions name as they like, found by what is there ===

# Units that may have the role $1, in R.
role_candidates() {
  case $1 in
    cron) R='cron.service crond.service cronie.service' ;;
    web) R='apache2.service httpd.service nginx.service lighttpd.service' ;;
    php) php_units ;;
  esac
}

# Several versions may be installed, each with a unit of its own: php8.2-fpm, php-fpm, php82-php-fpm.
php_units() {
  php_units=' '
  set +f
  # shellcheck disable=SC2086 # folders without blanks
  for php_folder in $UNIT_FOLDERS; do
    for php_unit in "$php_folder"/php*fpm.service; do
      php_unit=${php_unit##*/}
      is_unit "$php_unit" || continue
      contains "$php_units" "$php_unit" || php_units="$php_units $php_unit"
    done
  done
  [ "$INIT" = systemd ] || for php_unit in "$INITD"/php*fpm; do
    php_unit=${php_unit##*/}
    ! is_unit "$php_unit" || php_units="$php_units $php_unit.service"
  done
  set -f
  R=$php_units
}

# SURVEYED: COMPONENTS, each role as the units that have it: all that are active, else the first that is there, else none, for
# a guest without PHP-FPM is none the worse for it.
survey_roles() {
  SURVEYED=$COMPONENTS
  case $COMPONENTS in *'role '*) ;; *) return 0 ;; esac
  roles_names='' roles_seen=' '
  while read -r roles_kind roles_wanted _; do
    case $roles_kind in
      role)
        role_candidates "$roles_wanted"
        roles_names="$roles_names $R"
        ;;
      unit) roles_seen="$roles_seen ${roles_wanted%.service}.service " ;;
    esac
  done <<END
$COMPONENTS
END
  # shellcheck disable=SC2086 # unit names without blanks
  show_units $roles_names
  SURVEYED=
  while read -r roles_kind roles_wanted roles_stop roles_start; do
    if [ "$roles_kind" != role ]; then
      [ -z "$roles_kind" ] || SURVEYED="$SURVEYED$roles_kind $roles_wanted $roles_stop $roles_start$NL"
      continue
    fi
    role_candidates "$roles_wanted"
    roles_choose "$R"
    for roles_unit in $R; do
      SURVEYED="${SURVEYED}unit $roles_unit $roles_stop $roles_start$NL"
    done
  done <<END
$COMPONENTS
END
}

# Takes the blocks of the candidates $1 and leaves in R the units to hold; a name that leads to a unit that is seen is none.
roles_choose() {
  roles_active='' roles_first=''
  for _ in $1; do
    next_block || break
    property LoadState
    [ "$R" = loaded ] || continue
    property Id
    roles_id=${R%.service}.service
    case $roles_seen in *" $roles_id "*) continue ;; esac
    roles_seen="$roles_seen$roles_id "
    property ActiveState
    case $R in
      inactive | failed) [ -n "$roles_first" ] || roles_first=$roles_id ;;
      *) roles_active="$roles_active $roles_id" ;;
    esac
  done
  R=${roles_active:-$roles_first}
}

# --- Jobs of cron go on when cron stops: what they write is of no moment.

is_cron() {
  case $1 in cron.service | crond.service | cronie.service) return 0 ;; esac
  return 1
}

# Processes in the group of the unit $1, in R.
unit_processes() {
  R=
  for unit_group in "$SYS/fs/cgroup" "$SYS/fs/cgroup/systemd" "$SYS/fs/cgroup/unified"; do
    [ -r "$unit_group/system.slice/$1/cgroup.procs" ] || continue
    while read -r unit_process; do
      R="$R $unit_process"
    done <"$unit_group/system.slice/$1/cgroup.procs"
  done
}

# Before cron stops: its children, for a session of their own takes some jobs out of its group.
note_jobs() {
  JOBS=
  unit_processes "$1"
  for note_jobs in $R; do
    [ -r "$PROC/$note_jobs/task/$note_jobs/children" ] || continue
    read -r note_jobs <"$PROC/$note_jobs/task/$note_jobs/children" || :
    JOBS="$JOBS $note_jobs"
  done
}

# A job that still runs, in R: number and name. False when none does. The part of cron that waits for a job is named where nothing
# else is left of it.
running_job() {
  unit_processes "$1"
  running_found=
  for running_job in $R $JOBS; do
    [ -d "$PROC/$running_job" ] || continue
    R=
    read -r R 2>/dev/null <"$PROC/$running_job/comm" || :
    running_found="$R (process $running_job)"
    case $R in cron | crond | CRON) ;; *) break ;; esac
  done
  R=$running_found
  [ -n "$R" ]
}

# wait_for_jobs UNIT UNTIL: false when one of them still runs then; which, in R.
wait_for_jobs() {
  while running_job "$1"; do
    uptime_ms
    [ "$NOW" -lt "$2" ] || return 1
    sleep 0.1
  done
}
