
# === What is urgent begins here: a shell reads as it goes, and need not read the rest first ===

begin() {
  VERB=$1 HOLD=''
  require_root
  raise_limits
  know_machine
  know_init
}

case ${1-} in
  release | expire | watch) begin "$1" ;;
esac
case ${1-} in
  release)
    shift
    release_verb "$@"
    exit
    ;;
  expire) # called by the watchdog
    shift
    expire_verb "$@"
    exit
    ;;
  watch) # the watchdog's process where there is no systemd
    shift
    watch_verb "$@"
    exit
    ;;
esac
