#!/bin/sh
# prepare.sh: makes a lab guest the subject of faults: the data directory on a disk of its own, a login with a password for
# stillshot, and the observer. Standard input: the canary, the observer's program after it.
set -eu
IFS= read -r canary
umask 077
printf '%s\n' "$canary" > /root/canary
cat > /usr/local/sbin/lab-observer
chmod 755 /usr/local/sbin/lab-observer

systemctl stop mariadb
mv /var/lib/mysql /srv/data/mysql
printf '[mariadbd]\ndatadir=/srv/data/mysql\n' > /etc/mysql/mariadb.conf.d/99-faults.cnf
chmod 644 /etc/mysql/mariadb.conf.d/99-faults.cnf
systemctl start mariadb
mariadb << END
CREATE USER observer@localhost;
CREATE USER stillshot@localhost IDENTIFIED BY '$canary';
GRANT ALL ON *.* TO stillshot@localhost;
CREATE DATABASE kept;
CREATE TABLE kept.rows (id INT PRIMARY KEY) ENGINE=InnoDB;
INSERT INTO kept.rows VALUES (1);
END

# Without a console the observer is begun from outside.
[ -c /dev/ttyS0 ] || { sync; exit 0; }

# From the first seconds of a boot on, and not held up by a full machine.
cat > /etc/systemd/system/lab-observer.service << 'END'
[Unit]
DefaultDependencies=no
After=systemd-udevd.service
[Service]
ExecStart=/usr/local/sbin/lab-observer /run/mysqld/mysqld.sock /root/canary
Nice=-10
OOMScoreAdjust=-900
Restart=always
[Install]
WantedBy=sysinit.target
END
chmod 644 /etc/systemd/system/lab-observer.service
systemctl daemon-reload
systemctl enable --quiet --now lab-observer
sync
