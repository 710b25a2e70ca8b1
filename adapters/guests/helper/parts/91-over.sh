
# === over PROFILE ID forward|back|done held|free: what `unpack` put aside, over what is there ===
#
# Lines path=… of standard input are what was unpacked. Folders of the application belong to others, who can exchange any name in
# them for a link while we write. So each folder is entered, and the kernel asked where that is; from there only names without a
# slash are used. What is put there is first moved into a folder of root's own beside it, on the same file system, and then
# renamed over the old one, of which a second name is kept: a file is old or new at any moment, and can be put back.
#
# `forward` refuses before it writes anything where a link or a folder is in the way, and puts back all that it had written where
# something fails in the middle. MEMORY/restored/ID.over says `writing`, then `written`. What was written whole and is no longer
# under its hold may have been changed since: there `back` keeps it.

over_verb() {
  expect_words $# 4
  expect_profile "$1"
  expect_id "$2"
  case $3:$4 in forward:held | forward:free | back:held | back:free | done:held | done:free) ;; *) usage 'forward, back or done, held or free?' ;; esac
  load_profile "$1"
  contains "$ALLOWED" restore || refuse not-allowed "the profile $1 in this guest does not allow it: restore"
  HOLD=$2
  ignore_signals
  read_request
  exec </dev/null
  open_state
  OVER_STAGED=$MEMORY/restored/$2 OVER_MARK=$MEMORY/restored/$2.over OVER_WHY=$MEMORY/restored/$2.why OVER_NAME=.stillshot-$2
  take_lock 60 || refuse guest-locked 'another verb is at work in this guest'
  over_state=none
  [ ! -f "$OVER_MARK" ] || read -r over_state <"$OVER_MARK"
  case $3:$over_state in
    forward:written) over_answer forward ;;
    forward:none) over_forward "$4" ;;
    forward:*) refuse over-half "the files of $2 are half written" ;;
    # A `forward` that was given up may come after its own way back: it must find nothing to write.
    back:none)
      over_forget || refuse state-unwritable "$OVER_STAGED cannot be removed, so that it could still be written"
      over_answer none
      ;;
    *:none) over_answer none ;;
    done:written) over_end forward ;;
    done:*) refuse over-half "the files of $2 are half written" ;;
    back:written) over_undisturbed "$4" && over_back || over_end forward ;;
    back:*) over_back ;;
  esac
}

over_answer() {
  rm -f "$OVER_WHY"
  document true null ",\"way\":\"$1\""
  say
  exit 0
}

over_forward() {
  [ -d "$OVER_STAGED" ] && [ ! -L "$OVER_STAGED" ] && [ -n "$PATHS" ] || refuse nothing-staged "nothing was unpacked for $HOLD"
  over_is_gnu || refuse coreutils-missing 'mv is not that of GNU coreutils: another one does not keep owners and attributes'
  [ "$1" = free ] || over_held || refuse not-held "hold $HOLD is over: what it stopped may run again"
  over_each check "$OVER_STAGED" / || over_refuse
  over_note writing
  over_each put "$OVER_STAGED" / || {
    over_each back "$OVER_STAGED" / || refuse over-half "not all could be written, nor put back: $(cat "$OVER_WHY" 2>/dev/null)"
    over_forget
    over_refuse
  }
  sync
  over_note written
  over_answer forward
}

over_back() {
  over_each back "$OVER_STAGED" / || refuse over-half "not all could be put back: $(cat "$OVER_WHY" 2>/dev/null)"
  sync
  over_forget
  over_answer back
}

over_end() {
  over_each tidy "$OVER_STAGED" / || refuse over-untidy "not all that was kept could be removed: $(cat "$OVER_WHY" 2>/dev/null)"
  over_forget
  over_answer "$1"
}

over_note() {
  printf '%s\n' "$1" 2>/dev/null >"$OVER_MARK.new" && sync_file "$OVER_MARK.new" && mv "$OVER_MARK.new" "$OVER_MARK" ||
    refuse state-unwritable "$OVER_MARK cannot be written"
  sync_file "$MEMORY/restored"
}

over_forget() {
  rm -f "$OVER_MARK"
  rm -rf "$OVER_STAGED"
}

over_refuse() {
  over_code='' over_said=''
  IFS=' ' read -r over_code over_said 2>/dev/null <"$OVER_WHY" || :
  rm -f "$OVER_WHY"
  refuse "${over_code:-write-failed}" "${over_said:-it is not known why}"
}

over_is_gnu() {
  case $(mv --version 2>/dev/null) in *'GNU coreutils'*) return 0 ;; esac
  return 1
}

over_held() {
  read_state "$HOLD" && [ "$STATE" = held ]
}

# True while nothing can have changed what was written: also where not all that was held would start again.
over_undisturbed() {
  [ "$1" = held ] && read_state "$HOLD" || return 1
  case $STATE in held | releasing) return 0 ;; esac
  return 1
}

# True for what was asked for, and what is below it. The folders above it came to be with it: nothing of them is meant.
over_meant() {
  while IFS= read -r over_path; do
    [ -n "$over_path" ] || continue
    case $1/ in "$over_path"/*) return 0 ;; esac
  done <<END
$PATHS
END
  return 1
}

# Why it ends, for whoever started it.
over_fail() {
  printf '%s %s\n' "$1" "$(printf '%s' "$2" | tr -c '[:print:]' '?')" 2>/dev/null >"$OVER_WHY"
  exit 1
}

is_there() {
  [ -e "$1" ] || [ -L "$1" ]
}

# True where the folder that is entered is named $1 and nothing on the way to it is a link.
over_is_in() {
  over_here=$(pwd -P && printf .)
  [ "$over_here" = "$1$NL." ]
}

# over_each check|put|back|tidy STAGED FOLDER: what was unpacked into STAGED, for FOLDER and all below. A shell of its own for
# each folder, which is where it stands.
over_each() (
  over_folder "$@"
)

over_folder() {
  over_do=$1 over_from=$2 over_to=${3%/}
  cd -P "$3" 2>/dev/null && over_is_in "$3" || over_fail path-is-link "$3 leads elsewhere"
  set +f
  set --
  for over_staged in "$over_from"/* "$over_from"/.[!.]* "$over_from"/..?*; do
    is_there "$over_staged" || continue
    over_name=${over_staged##*/}
    if [ -d "$over_staged" ] && [ ! -L "$over_staged" ]; then
      if [ -d "./$over_name" ] && [ ! -L "./$over_name" ]; then
        over_each "$over_do" "$over_staged" "$over_to/$over_name" || exit 1
        continue
      fi
      [ "$over_do" != check ] || over_may_begin "$over_to/$over_name" "./$over_name"
    elif [ "$over_do" = check ] && [ -d "./$over_name" ] && [ ! -L "./$over_name" ]; then
      over_fail path-in-way "$over_to/$over_name is a folder, and something else in the backup"
    fi
    [ "$over_do" = put ] || continue
    set -- "$@" "$over_name"
    [ $# -lt 200 ] || {
      over_put "$@" || exit 1
      set --
    }
  done
  case $over_do in
    put)
      [ $# -eq 0 ] || over_put "$@" || exit 1
      ! over_meant "$over_to" || over_put_attributes || exit 1
      ;;
    back) [ ! -d "./$OVER_NAME" ] || { over_put_back && over_tidy; } || exit 1 ;;
    tidy) [ ! -d "./$OVER_NAME" ] || over_tidy || exit 1 ;;
  esac
}

# A folder that is not there is made with its owner and mode; for one above what was asked for, these are not known.
over_may_begin() {
  over_meant "$1" && return 0
  ! is_there "$2" || over_fail path-is-link "$1 is no folder: a link leads elsewhere"
  over_fail folder-missing "$1 is not there: restore it whole, or make it"
}

# Into the folder of our own in the one that is entered. Whoever owns that one can rename ours and put another in its place,
# but not be root.
over_enter() {
  cd -P "./$OVER_NAME" 2>/dev/null && [ -O . ] && over_is_in "$over_to/$OVER_NAME" || over_fail write-failed "$over_to/$OVER_NAME was exchanged"
}

over_own_folder() {
  is_there "./$OVER_NAME" || mkdir -m 0700 "./$OVER_NAME" 2>/dev/null
}

# over_put NAME…: of the folder that is entered. The names of what is put come after the second names of the old, and before
# anything is moved: `back` removes what has a name and no old one.
over_put() (
  over_own_folder
  over_enter
  for over_sub in new old put; do
    [ -d "$over_sub" ] || mkdir "$over_sub" || over_fail write-failed "$over_to cannot be written"
  done
  for over_name in "$@"; do
    set -- "$@" "$over_from/$over_name"
    shift
  done
  over_said=$(mv -f -t new -- "$@" 2>&1) || over_fail write-failed "$over_to: $over_said"
  for over_staged in "$@"; do
    shift
    over_name=${over_staged##*/}
    ! is_there "../$over_name" || set -- "$@" "../$over_name"
  done
  if [ $# -gt 0 ]; then
    over_said=$(ln -P -t old -- "$@" 2>&1) || over_fail write-failed "$over_to: $over_said"
  fi
  for over_staged in new/* new/.[!.]* new/..?*; do
    is_there "$over_staged" || continue
    over_name=${over_staged##*/}
    printf '' >"put/$over_name" || over_fail write-failed "$over_to cannot be written"
    [ ! -d "$over_staged" ] || [ -L "$over_staged" ] || ! is_there "../$over_name" || rm -f "../$over_name"
    set -- "$@" "$over_staged"
  done
  while [ $# -gt 0 ]; do
    case $1 in ../*) shift ;; *) break ;; esac
  done
  over_said=$(mv -f -t .. -- "$@" 2>&1) || over_fail write-failed "$over_to: $over_said"
)

# Owner, mode and attributes of the folder that is entered, as the backup has them.
over_put_attributes() (
  over_own_folder
  over_enter
  over_tar -C .. -cf attributes . && printf '' >known && over_tar -C "$over_from" -cf apply . &&
    over_tar -C .. --same-owner -xpf apply && rm -f apply || over_fail write-failed "$over_to: its attributes cannot be set"
)

over_tar() {
  tar --no-recursion --numeric-owner --acls --xattrs '--xattrs-include=*' "$@" 2>/dev/null
}

over_put_back() (
  over_enter
  for over_staged in put/* put/.[!.]* put/..?*; do
    is_there "$over_staged" || continue
    over_name=${over_staged##*/}
    if is_there "new/$over_name"; then
      # It was not moved. What it stands for may be away, where a folder was to come in its place.
      is_there "../$over_name" || ! is_there "old/$over_name" || mv -f -T "old/$over_name" "../$over_name" ||
        over_fail write-failed "$over_to/$over_name cannot be put back"
    elif is_there "old/$over_name"; then
      [ ! -d "../$over_name" ] || [ -L "../$over_name" ] || rm -rf "../$over_name"
      mv -f -T "old/$over_name" "../$over_name" || over_fail write-failed "$over_to/$over_name cannot be put back"
    else
      rm -rf "../$over_name" || over_fail write-failed "$over_to/$over_name cannot be removed"
    fi
    rm -f "$over_staged"
  done
  [ ! -f known ] || over_tar -C .. --same-owner -xpf attributes || over_fail write-failed "$over_to: its attributes cannot be put back"
)

# What is in it first, from within: another may stand in its place when it is named.
over_tidy() (
  (
    over_enter
    rm -rf new old put attributes apply known
  ) || exit 1
  rmdir "./$OVER_NAME" 2>/dev/null || over_fail write-failed "$over_to/$OVER_NAME cannot be removed"
)
