#!/bin/sh
# stillshot-guest: what must be done inside a guest while a snapshot is taken of it.
#
#   stillshot-guest probe PROFILE                        everything that preflight needs; changes nothing
#   stillshot-guest drain PROFILE ID SECONDS             fewer dirty pages, so that the stop is short; bounded
#   stillshot-guest undrain PROFILE ID                   the settings that drain changed, put back
#   stillshot-guest hold PROFILE ID TTL_MS START_MS      watchdog armed, components stopped, marked, synced; evidence
#   stillshot-guest fence ID                             proof that nothing ran in a hold until now; it goes on
#   stillshot-guest release ID [when-told]               fence, then everything that ran is started again
#   stillshot-guest come-back PROFILE ID|-               how everything is after a release or a boot
#   stillshot-guest drill PROFILE ID SECONDS             every table checked, in a copy that has no network; never elsewhere
#   stillshot-guest status | version | collect ID        what this boot knows; changes nothing
#   stillshot-guest clock                                the system's clock set by the machine's, after a time of standing still
#   stillshot-guest freeze SOURCE | thaw SOURCE          a hold for a snapshot that somebody else takes, called from inside
#   stillshot-guest kept -|ID | forget ID                what such freezes showed, until it is collected
#   stillshot-guest inventory PROFILE                    what a backup would hold; changes nothing
#   stillshot-guest dump | users PROFILE                 databases, and who may use them, as SQL on standard output
#   stillshot-guest archive PROFILE PART                 files or configuration as tar on standard output
#   stillshot-guest packages PROFILE                     what is installed, one a line
#   stillshot-guest load PROFILE ID drop|back held|free  databases dropped and made anew from SQL on standard input
#   stillshot-guest renew ID TTL_MS                      a hold that is still wanted: its watchdog waits so much longer
#   stillshot-guest whole ID forward|back|mended         the databases that load ID began to replace are whole
#   stillshot-guest unpack PROFILE ID                    files from tar on standard input, beside what is there
#   stillshot-guest over PROFILE ID forward|back|done held|free   what was unpacked, over what is there; and its way back
#   stillshot-guest binlogs PROFILE FILE POSITION         the binary logs that are there; changes nothing
#   stillshot-guest binlog PROFILE FROM… TO… SECONDS     what they hold between two positions, as SQL on standard output
#   stillshot-guest gate                                 forced command of an SSH key: lets only the verbs through
#
# It prints one JSON document (src/guest/protocol says which) and ends with 0, or 1 when the document says ok: false;
# 2 is wrong usage. It knows verbs, not commands: units and limits come from /etc/stillshot/profiles, owned by root.
#
# Rules of this file. Between a stop and the answer, and between a release and the start, every process that is forked
# is outage: builtins and parameter expansion are used there even where a pipe would be shorter. Functions answer in R.
# A shell without `local` has one name space: a function's own variables begin with its name. Nothing is ever eval'ed.

# --- Constants: nothing here is read from the environment, which belongs to the caller.
VERSION=0.1.0
PROTOCOL=1
PATH=/usr/sbin:/usr/bin:/sbin:/bin
SELF=/usr/local/sbin/stillshot-guest
PROFILES=/etc/stillshot/profiles
RUN=/run/stillshot
MEMORY=/var/lib/stillshot
SYSTEMD=/run/systemd/system
SYSTEM=/etc/systemd/system
INITD=/etc/init.d
UNIT_FOLDERS='/etc/systemd/system /run/systemd/system /usr/lib/systemd/system /lib/systemd/system'
WEB_FOLDERS='/var/www/html /srv/www/htdocs /var/www'
PROC=/proc
SYS=/sys
UDEV=/run/udev/data
OWNER=0

# --- The caller's environment must not steer the programs that are called.
IFS=' 	
'
NL='
'
TAB='	'
LC_ALL=C
HOME=/root
export PATH LC_ALL HOME
unset ENV BASH_ENV CDPATH LANG LANGUAGE TZ TMPDIR POSIXLY_CORRECT LD_PRELOAD LD_LIBRARY_PATH \
  MYSQL_HOME MARIADB_HOME MYSQL_HOST MYSQL_PWD MYSQL_TCP_PORT MYSQL_UNIX_PORT MYSQL_TEST_LOGIN_FILE MYSQL_GROUP_SUFFIX \
  MARIADB_GROUP_SUFFIX DBUS_SYSTEM_BUS_ADDRESS SYSTEMD_UNIT_PATH SYSTEMD_PAGER SYSTEMD_LOG_LEVEL SYSTEMCTL_FORCE_BUS
unalias -a
umask 077
set -uf
cd / || exit 1
