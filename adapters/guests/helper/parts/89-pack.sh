
# === Packing where the data is: less goes over the line, and the caller's machine has less to do ===

# What packs in this guest, one word a line, in R.
packers() {
  packers=''
  for packers_each in zstd gzip; do
    command -v "$packers_each" >/dev/null && packers="$packers$packers_each$NL"
  done
  R=$packers
}

# packed PROGRAM WORD…: what `leased` does, through the packer that the request names. What was packed is told at the end as a
# line of errors: its length and its last bytes. A pipe tells the status of its last program only, and what a packer makes of half a
# dump is whole by itself: so each says its own.
packed() {
  case $PACK in
    '')
      leased "$@"
      return
      ;;
    zstd) packed_with='zstd -q -c -3' ;;
    gzip) packed_with='gzip -q -c' ;;
    *) usage 'what packs like this?' ;;
  esac
  command -v "$PACK" >/dev/null || refuse pack-missing "$PACK is not there"
  exec 6>&1
  packed_said=$(packed_pipes "$@" 7>&1)
  packed_ends=$(packed_word program)
  is_between "$packed_ends" 0 255 && [ "$(packed_word packer)" = 0 ] || refuse pack-failed "$PACK did not take all of it"
  printf 'stillshot-packed: %s %s\n' "$(packed_word length)" "$(packed_word last)" >&2
  return "$packed_ends"
}

# Descriptor 7: what each says of itself. 6: the caller. 4 and 8: the two who look at what goes into the packer.
packed_pipes() {
  {
    {
      {
        leased "$@" 4>&- 6>&- 7>&- 8>&-
        printf 'program %s\n' "$?" >&7
      } | tee /dev/fd/4 /dev/fd/8 6>&- 7>&- | {
        # shellcheck disable=SC2086 # words of ours
        timeout -s TERM "$LONGEST" $packed_with >&6 4>&- 5<&- 6>&- 7>&- 8>&- 9>&-
        printf 'packer %s\n' "$?" >&7
      }
    } 4>&1 | printf 'last %s\n' "$(tail -c 4096 | base64 | tr -d '\n')" >&7
  } 8>&1 | printf 'length %s\n' "$(wc -c)" >&7
}

# packed_word WHO: what it said.
packed_word() {
  packed_word=${packed_said##*"$1 "}
  printf '%s' "${packed_word%%"$NL"*}"
}
