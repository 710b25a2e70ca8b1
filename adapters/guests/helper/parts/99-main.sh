
# === The other verbs ===

main() {
  [ $# -ge 1 ] || usage 'which verb? probe drain undrain hold fence release come-back status collect kept forget drill freeze thaw clock version inventory dump users archive packages load unpack over binlogs binlog renew whole'
  # The only verb for a user who is not root: it becomes root through sudo, and through nothing else.
  if [ "$1" = gate ]; then
    VERB=gate
    shift
    gate_verb "$@"
  fi
  begin "$1"
  shift
  case $VERB in
    probe) probe_verb "$@" ;;
    drain) drain_verb "$@" ;;
    undrain) undrain_verb "$@" ;;
    hold) hold_verb "$@" ;;
    fence) fence_verb "$@" ;;
    come-back) come_back_verb "$@" ;;
    status) status_verb "$@" ;;
    collect) collect_verb "$@" ;;
    drill) drill_verb "$@" ;;
    kept) kept_verb "$@" ;;
    forget) forget_verb "$@" ;;
    freeze) freeze_verb "$@" ;;
    thaw) thaw_verb "$@" ;;
    clock) clock_verb "$@" ;;
    version) version_verb "$@" ;;
    inventory) inventory_verb "$@" ;;
    dump) dump_verb "$@" ;;
    users) users_verb "$@" ;;
    archive) archive_verb "$@" ;;
    packages) packages_verb "$@" ;;
    load) load_verb "$@" ;;
    unpack) unpack_verb "$@" ;;
    over) over_verb "$@" ;;
    binlogs) binlogs_verb "$@" ;;
    binlog) binlog_verb "$@" ;;
    renew) renew_verb "$@" ;;
    whole) whole_verb "$@" ;;
    *) usage "there is no verb '$VERB'" ;;
  esac
}

main "$@"
exit
