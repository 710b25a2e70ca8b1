
# === Which verb ===

main() {
  [ $# -ge 1 ] || usage 'which verb? probe drain undrain hold release come-back status collect version'
  VERB=$1 HOLD=''
  shift
  # The only verb for a user who is not root: it becomes root through sudo, and through nothing else.
  [ "$VERB" != gate ] || gate_verb "$@"
  require_root
  know_machine
  know_init
  case $VERB in
    probe) probe_verb "$@" ;;
    drain) drain_verb "$@" ;;
    undrain) undrain_verb "$@" ;;
    hold) hold_verb "$@" ;;
    release) release_verb "$@" ;;
    come-back) come_back_verb "$@" ;;
    status) status_verb "$@" ;;
    collect) collect_verb "$@" ;;
    version) version_verb "$@" ;;
    expire) expire_verb "$@" ;; # called by the watchdog
    watch) watch_verb "$@" ;;   # the watchdog's process where there is no systemd
    *) usage "there is no verb '$VERB'" ;;
  esac
}

main "$@"
exit
