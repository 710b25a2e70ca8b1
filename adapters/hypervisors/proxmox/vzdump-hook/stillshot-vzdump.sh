#!/bin/sh
# stillshot around the backups of Proxmox VE: vzdump's `script`. Written by `stillshot hook install`.
#
#   backup-start   everything slow and everything that can fail, then the hold; the backup begins when this returns
#   (task log)     "started backup task": the point in time is over, and everything is started again
#   backup-end     the archive is whole: its restore point gets its grade
#   backup-abort   whatever is held is released
#
# The point in time of a QEMU guest lies between two phases, so a process of its own follows the log of the task from
# backup-start on. It is the standard input of one call to the coordinator: when it ends, however it ends, the coordinator
# starts everything again. vzdump empties the environment and waits for whoever holds one of its descriptors.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
umask 077

# --- settings: begin ---
# What to do with a backup that cannot be held: fail, or continue (as after a power cut, with an alarm).
ON_FAILURE=fail
# The guests that are stillshot's, for when the coordinator cannot be asked.
VMS=''
STATE=/run/stillshot-vzdump
TASKS=/var/log/pve/tasks
LOGS=/var/log/vzdump
call() { exec false; }
# --- settings: end ---

# In seconds. Before the hold: the preflight, the drain and a slow stop. After it: the start, and what must come back.
HOLD_LIMIT=900
END_LIMIT=600

# A phase that does not concern us ends here, before anything is looked at.
case ${1-} in
  backup-start | backup-end | backup-abort | pre-restart | log-end | --follow) ;;
  *) exit 0 ;;
esac
PHASE=$1 MODE=${2-} VMID=${3-}
# A guest that is off, or that vzdump shuts down itself, needs no hold.
[ "$MODE" != stop ] || exit 0

# One line of the backup's log, whatever the words are.
say() {
  printf 'stillshot: VM %s: %s\n' "$VMID" "$1" | tr -cd '[:print:]\n' | cut -c1-400
}

# The backup is not what it should be: refused, or gone on with and said aloud.
trouble() {
  if [ "$ON_FAILURE" = continue ]; then
    say "ALARM: $1"
    logger -p daemon.alert -t stillshot -- "backup of VM $VMID: $1" 2>/dev/null
    exit 0
  fi
  say "$1"
  exit 1
}

case $VMID in
  '' | 0* | *[!0-9]* | ??????????*) VMID='?' && trouble 'called without the number of a guest' ;;
esac
PLACE=$STATE/$VMID

# --- processes and their logs ---

# Start time and parent of a process, `TICKS PARENT`; fails when it is gone.
look_at() {
  read -r look_stat 2>/dev/null <"/proc/$1/stat" || return 1
  # shellcheck disable=SC2086 # cut at blanks
  set -- ${look_stat##*) }
  [ "$1" != Z ] || return 1
  echo "${20} $2"
}

lives() {
  lives_now=$(look_at "$1") && [ "${lives_now% *}" = "$2" ]
}

# Sets JOB, JOB_START and TASK: vzdump's process, which has started us, and the log of its task. vzdump's own log is
# written in large pieces, so that it is no use for following.
find_task() {
  JOB=$PPID
  for _ in 1 2 3 4; do
    find_seen=$(look_at "$JOB") || return 1
    JOB_START=${find_seen% *}
    find_mark=$(printf '%08X:%08X' "$JOB" "$JOB_START")
    for TASK in "$TASKS"/*/UPID:*:"$find_mark":*:vzdump:*; do
      [ ! -f "$TASK" ] || return 0
    done
    JOB=${find_seen#* }
  done
  return 1
}

# The disks of this guest in the archive, by the job's own list: `include scsi0`, `exclude scsi1`.
disks() {
  awk -v begin="INFO: Starting Backup of VM $VMID (" '
    index($0, begin) == 1 { n = 0 }
    /^INFO: (include|exclude) disk \047[a-z]+[0-9]+\047 / { split($0, part, "\047"); line[++n] = $2 " " part[2] }
    /^INFO: including mount point (rootfs|mp[0-9]+) \(\047/ { line[++n] = "include " $5 }
    /^INFO: excluding [a-z]+ mount point (rootfs|mp[0-9]+) \(\047/ { line[++n] = "exclude " $6 }
    END { for (i = 1; i <= n; i++) print line[i] }' "$1"
}

storage() {
  [ -z "${STOREID-}" ] || printf 'storage %s\n' "$STOREID"
}

now() { date '+%Y-%m-%d %H:%M:%S'; }

# --- the follower: standard input of the call ---

# Called as: --follow MODE VMID JOB JOB_START TASK OFFSET TOKEN
follow() {
  JOB=$4 JOB_START=$5 TASK=$6 OFFSET=$7 TOKEN=$8
  watch_job | (call backup-start "$MODE" "$VMID") >"$PLACE/said" 2>"$PLACE/error"
  # A later backup of the same guest has this place by now, if the token is gone.
  [ ! -e "$PLACE/$TOKEN" ] || { now >"$PLACE/ended.new" && mv "$PLACE/ended.new" "$PLACE/ended"; }
}

watch_job() {
  cat "$PLACE/disks"
  storage
  echo hold
  while :; do
    if [ ! -e "$PLACE/$TOKEN" ] || [ -e "$PLACE/given-up" ] || ! lives "$JOB" "$JOB_START"; then
      echo given-up
      return
    fi
    if [ -e "$PLACE/held-at" ] && has_started; then
      now >"$PLACE/seen-at"
      echo started
      return
    fi
    echo alive || return
    sleep 0.1
  done
}

has_started() {
  # Between pre-stop and pre-restart a container's storage takes a snapshot.
  if [ "${VMTYPE-}" = lxc ]; then
    [ -e "$PLACE/pre-restart" ]
  else
    tail -c "+$((OFFSET + 1))" "$TASK" | grep -q "^INFO: started backup task '[0-9a-f-]*'\$"
  fi
}

# --- what the coordinator said ---

# The line of $PLACE/$2 that begins with this word, without it.
said() {
  [ ! -f "$PLACE/$2" ] || sed -n "s/^$1 //p" "$PLACE/$2" | head -n 1
}

run_of() {
  sed -n 's/^released \([0-9A-Z]\{26\}\) .*/\1/p' "$PLACE/said" 2>/dev/null | head -n 1
}

# Why there is no answer: the coordinator's words, or those of whoever kept us from reaching it.
why() {
  why_said=$(said failed "$1")
  [ -n "$why_said" ] || why_said=$(tail -n 1 "$PLACE/error" 2>/dev/null)
  printf '%s' "${why_said:-the coordinator did not answer}"
}

# Waits until the call is over; fails when it takes too long.
await_end() {
  await_until=$(($(date +%s) + $1))
  while [ ! -e "$PLACE/ended" ]; do
    [ "$(date +%s)" -lt "$await_until" ] || return 1
    sleep 0.1
  done
}

is_ours() {
  case " $VMS " in *" $VMID "*) return 0 ;; *) return 1 ;; esac
}

# --- phases ---

backup_start() {
  # Left by a backup that was killed: its run must not pass for this one's. A call for it ends when its token is gone.
  rm -rf "$PLACE"
  [ "$MODE" = snapshot ] || trouble "a backup in mode ${MODE:-?} has no moment to hold for: use mode snapshot, or stop"
  find_task || trouble "the log of this task is not under $TASKS"
  mkdir -p "$PLACE" || trouble "$PLACE cannot be made"
  disks "$TASK" >"$PLACE/disks"
  grep -q '^include' "$PLACE/disks" || trouble 'the task does not say which disks it backs up'
  TOKEN=token.$JOB.$JOB_START.$$
  : >"$PLACE/$TOKEN"
  trap ': >"$PLACE/given-up"; exit 1' HUP INT TERM
  setsid "$0" --follow "$MODE" "$VMID" "$JOB" "$JOB_START" "$TASK" "$(wc -c <"$TASK")" "$TOKEN" \
    </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  start_until=$(($(date +%s) + HOLD_LIMIT))
  while [ ! -e "$PLACE/ended" ]; do
    start_run=$(said held said)
    if [ -n "$start_run" ]; then
      now >"$PLACE/held-at.new" && mv "$PLACE/held-at.new" "$PLACE/held-at"
      say "held ($start_run), until the backup has started"
      exit 0
    fi
    if [ "$(date +%s)" -ge "$start_until" ]; then
      : >"$PLACE/given-up"
      trouble "no hold within $HOLD_LIMIT s"
    fi
    sleep 0.1
  done
  if grep -q '^not-ours$' "$PLACE/said"; then
    rm -rf "$PLACE"
    exit 0
  fi
  if [ -z "$(said failed said)" ] && ! is_ours; then
    say "goes on without stillshot, which cannot be asked whether it knows this guest: $(why said)"
    rm -rf "$PLACE"
    exit 0
  fi
  trouble "$(why said)"
}

backup_end() {
  [ -d "$PLACE" ] || exit 0
  if ! await_end "$END_LIMIT"; then
    : >"$PLACE/given-up"
    trouble "the coordinator has not said within $END_LIMIT s that everything runs again"
  fi
  end_run=$(run_of)
  # shellcheck disable=SC2086 # no word when there is no run
  end_facts | (call backup-end "$MODE" "$VMID" $end_run) >"$PLACE/result" 2>>"$PLACE/error"
  end_finished=$(said finished result)
  [ -n "$end_finished" ] || trouble "the backup has no grade: $(why result)"
  : >"$PLACE/finished"
  end_because=$(said because result)
  say "restore point $end_finished${end_because:+: $end_because}"
  end_failed=$(said failed said)
  [ -z "$end_failed" ] || trouble "$end_failed"
  case $end_finished in *' db-stopped') exit 0 ;; esac
  trouble "the backup is no better than ${end_finished#* }"
}

end_facts() {
  cat "$PLACE/disks"
  storage
  case ${TARGET-} in
    '' | - | *[!A-Za-z0-9._:/@+-]*) ;;
    *) printf 'archive %s\n' "$TARGET" ;;
  esac
  end_pattern="started backup task"
  [ "${VMTYPE-}" != lxc ] || end_pattern="create storage snapshot"
  time_line held-at "$(cat "$PLACE/held-at" 2>/dev/null)"
  time_line logged-at "$(sed -n "s/^\([0-9-]* [0-9:]*\) INFO: $end_pattern '.*/\1/p" "$LOGS/${VMTYPE:-qemu}-$VMID.log" | tail -n 1)"
  time_line seen-at "$(cat "$PLACE/seen-at" 2>/dev/null)"
  time_line released-at "$(cat "$PLACE/ended" 2>/dev/null)"
  echo end
}

time_line() {
  [ -z "$2" ] || printf '%s %s\n' "$1" "$2"
}

backup_abort() {
  [ -d "$PLACE" ] || exit 0
  : >"$PLACE/given-up"
  await_end "$END_LIMIT" || say "the coordinator has not said within $END_LIMIT s that everything runs again"
  abort_run=$(run_of)
  if [ -n "$abort_run" ] && [ ! -e "$PLACE/finished" ]; then
    (call backup-abort "$MODE" "$VMID" "$abort_run") >"$PLACE/result" 2>>"$PLACE/error" </dev/null
    [ -n "$(said dropped result)" ] || say "the restore point $abort_run of this backup is still listed: $(why result)"
  fi
  say 'nothing is held for this backup any more'
}

case $PHASE in
  --follow) follow "$@" ;;
  backup-start) backup_start ;;
  backup-end) backup_end ;;
  backup-abort) backup_abort ;;
  pre-restart) [ "${VMTYPE-}" != lxc ] || [ ! -d "$PLACE" ] || : >"$PLACE/pre-restart" ;;
  log-end) [ ! -e "$PLACE/ended" ] || rm -rf "$PLACE" ;;
esac
