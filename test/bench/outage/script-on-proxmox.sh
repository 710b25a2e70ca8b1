#!/bin/bash
# A snapshot with the database stopped, as a careful person writes it: the ticket is there before, every command of the guest
# goes over one connection that is open (ControlMaster), and the task is looked at every 100 ms. It proves nothing.
#
#   script-on-proxmox.sh URL CA VMID NAME SSH-WORD…     password of root@pam on standard input
#   ELEVATE: what the login in the guest puts before systemctl; nothing for root
set -euo pipefail
url=$1/api2/json ca=$2 vmid=$3 name=$4
shift 4
read -r password
answer=$(curl -sSf --cacert "$ca" --data-urlencode username=root@pam --data-urlencode "password=$password" "$url/access/ticket")
[[ $answer =~ \"ticket\":\"([^\"]+)\" ]] && ticket=${BASH_REMATCH[1]}
[[ $answer =~ \"CSRFPreventionToken\":\"([^\"]+)\" ]] && csrf=${BASH_REMATCH[1]}
api=(curl -sSf --cacert "$ca" -b "PVEAuthCookie=$ticket" -H "CSRFPreventionToken: $csrf")
control=$(mktemp -u)
guest=(ssh -o "ControlPath=$control" "$@")
ssh -o "ControlPath=$control" -o ControlMaster=yes -fN "$@" </dev/null >/dev/null 2>&1
trap '"${guest[@]}" -O exit 2>/dev/null' EXIT

"${guest[@]}" ${ELEVATE-} systemctl stop mariadb
answer=$("${api[@]}" -d "snapname=$name" "$url/nodes/pve1/qemu/$vmid/snapshot")
[[ $answer =~ \"data\":\"([^\"]+)\" ]] && upid=${BASH_REMATCH[1]}
until [[ $("${api[@]}" "$url/nodes/pve1/tasks/$upid/status") == *'"status":"stopped"'* ]]; do sleep 0.1; done
"${guest[@]}" ${ELEVATE-} systemctl start mariadb
