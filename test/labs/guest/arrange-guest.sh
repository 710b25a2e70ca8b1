#!/bin/sh
# arrange-guest.sh ROOT KERNEL OUT: makes the freshly installed tree ROOT a lab guest: network, SSH keys, users, modules
# of the unpacked KERNEL, and a boot without what costs seconds under emulation. OUT holds the public keys.
# Environment: BOOT_MODULES and LATER_MODULES, names of kernel modules.
set -eu
root=$1
kernel=$2
out=$3
etc=$root/etc

put() { mkdir -p "$(dirname "$root/$1")" && cat > "$root/$1"; }

authorize() { # USER HOME KEY
  mkdir -p "$root$2/.ssh"
  cp "$out/$3.pub" "$root$2/.ssh/authorized_keys"
  chmod 700 "$root$2/.ssh"
  chmod 600 "$root$2/.ssh/authorized_keys"
  chroot "$root" chown -R "$1:" "$2/.ssh"
}

echo lab-guest | put etc/hostname
printf '127.0.0.1 localhost lab-guest\n' | put etc/hosts
printf '/dev/vda / ext4 rw,noatime 0 0\n/dev/vdb /srv/data ext4 rw,noatime 0 0\n' | put etc/fstab
mkdir -p "$root/srv/data"
echo 8f6d3c1e2b7a4d5e9c0f1a2b3c4d5e6f | put etc/machine-id

put etc/systemd/network/10-eth0.network <<'END'
[Match]
Name=eth0
[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
DHCP=no
LinkLocalAddressing=no
IPv6AcceptRA=no
END
ln -sf /lib/systemd/system/systemd-networkd.service \
  "$etc/systemd/system/multi-user.target.wants/systemd-networkd.service"

put etc/ssh/sshd_config.d/lab.conf <<'END'
UseDNS no
PermitRootLogin prohibit-password
PrintMotd no
UsePAM yes
GSSAPIAuthentication no
MaxStartups 50:30:100
HostKey /etc/ssh/ssh_host_ed25519_key
END
rm -f "$etc"/ssh/ssh_host_rsa_key* "$etc"/ssh/ssh_host_ecdsa_key*
# A login must not wait for logind or the message of the day.
sed -i '/pam_motd\|pam_mail\|pam_systemd/s/^/#/' "$etc/pam.d/sshd" "$etc/pam.d/common-session"

authorize root /root id-root
chroot "$root" useradd --create-home --shell /bin/sh stillshot
authorize stillshot /home/stillshot id-user
chroot "$root" passwd --quiet --delete root

# The package does not make it, and the server then logs to the journal only.
mkdir -p "$root/var/log/mysql"
chroot "$root" chown mysql:adm /var/log/mysql
chmod 2750 "$root/var/log/mysql"

printf '[Journal]\nStorage=persistent\nSystemMaxUse=32M\n' | put etc/systemd/journald.conf.d/lab.conf
for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
  dpkg-db-backup.timer man-db.timer logrotate.timer systemd-timesyncd.service systemd-pcrphase.service \
  systemd-pcrphase-sysinit.service systemd-random-seed.service systemd-update-utmp.service \
  systemd-update-utmp-runlevel.service systemd-networkd-wait-online.service systemd-udev-settle.service \
  dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
  sys-fs-fuse-connections.mount modprobe@configfs.service modprobe@drm.service modprobe@efi_pstore.service \
  modprobe@fuse.service modprobe@loop.service modprobe@dm_mod.service keyboard-setup.service console-setup.service \
  getty@tty1.service serial-getty@ttyS0.service getty-static.service systemd-binfmt.service \
  systemd-machine-id-commit.service apache-htcacheclean.service kmod-static-nodes.service systemd-rfkill.socket; do
  ln -sf /dev/null "$etc/systemd/system/$unit"
done

version=$(ls "$kernel/lib/modules")
modules=$root/lib/modules/$version
rm -rf "$root/lib/modules"
mkdir -p "$modules"
cp "$kernel/lib/modules/$version"/modules.* "$modules/"
# shellcheck disable=SC2086  # a list of names
for module in $BOOT_MODULES $LATER_MODULES; do
  (cd "$kernel/lib/modules/$version" && find kernel -name "$module.ko*" -exec cp --parents '{}' "$modules/" ';')
done
chroot "$root" depmod "$version"
printf 'virtio_console\nvirtio_net\n' | put etc/modules-load.d/lab.conf
