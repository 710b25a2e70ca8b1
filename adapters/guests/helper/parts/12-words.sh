
# === Words: what a caller, a profile and a server may say ===

# A hold's id: a ULID, as src/system/ulid.ts makes it.
is_id() {
  case $1 in
    *[!0-9A-HJKMNP-TV-Z]*) return 1 ;;
  esac
  [ ${#1} -eq 26 ]
}

is_name() {
  case $1 in
    '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*) return 1 ;;
  esac
  [ ${#1} -le 64 ]
}

is_unit() {
  case $1 in
    '' | [!A-Za-z0-9]* | *[!A-Za-z0-9@._:-]*) return 1 ;;
  esac
  [ ${#1} -le 200 ]
}

# A whole number between $2 and $3, without a leading zero.
is_between() {
  case $1 in
    0) ;;
    '' | 0* | *[!0-9]* | ??????????*) return 1 ;;
  esac
  [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]
}

# An absolute path in one line: anything else must not reach a program that could take it for an option.
is_path() {
  case $1 in
    *"$NL"* | *"$TAB"*) return 1 ;;
    /*) return 0 ;;
  esac
  return 1
}

# A path that leads nowhere else than it says: none of its names goes back.
is_place() {
  is_path "$1" || return 1
  case $1/ in
    */../* | */./* | *//*) return 1 ;;
  esac
}

# contains LIST WORD: words separated by blanks or lines.
contains() {
  case " $1 " in
    *[\ "$NL"]"$2"[\ "$NL"]*) return 0 ;;
  esac
  return 1
}

# timed LIST UNIT: the milliseconds of a line "unit milliseconds" in R; 0 when there is none.
timed() {
  R=0
  case "$NL$1" in
    *"$NL$2 "*)
      R="$NL$1"
      R=${R#*"$NL$2 "}
      R=${R%%"$NL"*}
      ;;
  esac
}

expect_words() {
  [ "$1" -eq "$2" ] || usage "$VERB takes $2 words, not $1"
}

expect_profile() {
  is_name "$1" || usage 'a profile is a name of letters, digits, dots, dashes'
}

expect_id() {
  is_id "$1" || usage 'a hold id is a ULID'
}
