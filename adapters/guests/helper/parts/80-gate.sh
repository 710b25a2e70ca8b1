
# === gate: the forced command of an SSH key ===
#
# authorized_keys: restrict,command="/usr/local/sbin/stillshot-guest gate" ssh-ed25519 …
# What the client asked for arrives as one line. It is cut at blanks, every word is looked at, and the verbs among them are
# handed to sudo as words: no shell ever reads the line.

gate_verb() {
  expect_words $# 0
  gate_line=${SSH_ORIGINAL_COMMAND-}
  case $gate_line in
    '') usage 'this key is for stillshot only' ;;
    *"$NL"* | *"$TAB"*) usage 'not allowed' ;;
  esac
  [ ${#gate_line} -le 300 ] || usage 'not allowed'
  set --
  # Unquoted on purpose: cut at blanks; set -f keeps patterns as they are.
  for gate_word in $gate_line; do
    case $gate_word in
      \'*\') gate_word=${gate_word#\'} && gate_word=${gate_word%\'} ;;
    esac
    set -- "$@" "$gate_word"
  done
  if [ "${1-} ${2-}" = 'sudo -n' ]; then shift 2; fi
  [ "${1-}" != "$SELF" ] || shift
  case ${1-} in
    probe | drain | undrain | hold | fence | release | status | come-back | collect | kept | forget | clock | version) ;;
    inventory | dump | users | archive | packages | load | unpack | over | binlogs | binlog | renew | whole) ;;
    *) usage 'not allowed' ;;
  esac
  for gate_word in "$@"; do
    case $gate_word in '' | *[!A-Za-z0-9._-]*) usage 'not allowed' ;; esac
  done
  exec sudo -n "$SELF" "$@"
}
