
# === Packing where the data is: less goes over the line, and the caller's machine has less to do ===

# What packs in this guest, one word a line, in R.
packers() {
  packers=''
  for packers_each in zstd gzip; do
    command -v "$packers_each" >/dev/null && packers="$packers$packers_each$NL"
  done
  R=$packers
}

# packed PROGRAM WORD…: what `leased` does, through the packer that the request names. A pipe tells the status of its last
# program only, and what a packer makes of half a dump is whole by itself: so each says its own, the program's counts.
packed() {
  case $PACK in
    '')
      leased "$@"
      return
      ;;
    zstd) set -- 'zstd -q -c -3 -T1' "$@" ;;
    gzip) set -- 'gzip -q -c' "$@" ;;
    *) usage 'what packs like this?' ;;
  esac
  command -v "$PACK" >/dev/null || refuse pack-missing "$PACK is not there"
  packed_with=$1
  shift
  exec 6>&1
  packed_ends=$(
    {
      {
        exec 6>&-
        leased "$@" 7>&-
        printf 'program %s\n' "$?" >&7
      } | {
        # shellcheck disable=SC2086 # words of ours
        timeout -s TERM "$LONGEST" $packed_with >&6 7>&- 6>&- 5<&- 9>&- || printf 'packer\n' >&7
      }
    } 7>&1
  )
  case $packed_ends in *packer*) refuse pack-failed "$PACK did not take all of it" ;; esac
  packed_ends=${packed_ends##*program }
  is_between "$packed_ends" 0 255 || refuse pack-failed 'the program did not say how it ended'
  return "$packed_ends"
}
