#!/bin/sh
# Builds the lab guest: Debian 12 with systemd, sshd, MariaDB, apache2, cron and the guest agent.
#
#   build-image.sh LAB
#
# makes in LAB/img: base.raw (root disk), data.raw (second disk), vmlinuz, initrd, id-root and id-user (SSH keys with
# their .pub), host-key.pub (the guest's SSH host key) and built-from (hash of these scripts, written last).
# Needs root. Packages are kept in LAB/cache, so that a second build downloads little. Progress goes to stderr.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
lab=$1
out=$lab/img
cache=$lab/cache
work=$lab/build
root=$work/root
suite=bookworm
# A user who came through sudo owns the result: QEMU then runs without root.
owner=${SUDO_UID:-$(id -u)}:${SUDO_GID:-$(id -g)}

packages=systemd-sysv,dbus,udev,openssh-server,mariadb-server,qemu-guest-agent,sudo,apache2,cron,busybox-static
packages=$packages,iproute2,kmod,procps,psmisc,lsof,zstd-,man-db-
# What the initrd loads, in the order that their symbols need; ext4 is built into the cloud kernel.
boot_modules='virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk'
later_modules='failover net_failover virtio_net virtio_console virtio_rng virtio_scsi scsi_common scsi_mod sd_mod
  dm-mod md-mod autofs4 af_packet'

began=$(date +%s)
phase() { printf 'lab image: %3d s  %s\n' $(($(date +%s) - began)) "$*" >&2; }
fail() { printf 'lab image: %s\n' "$*" >&2; exit 1; }

# The bind mount must be gone before anything is deleted below it.
clean_up() {
  if mountpoint -q "$root/var/cache/apt/archives" 2>/dev/null; then umount -l "$root/var/cache/apt/archives"; fi
  rm -rf --one-file-system "$work"
}

# Prints the guest's apt sources: the host's own mirror when the host is a Debian, deb.debian.org otherwise.
guest_sources() {
  main=http://deb.debian.org/debian
  security=http://deb.debian.org/debian-security
  # shellcheck disable=SC1091
  host=$(. /etc/os-release && echo "$ID $VERSION_CODENAME")
  if [ "${host% *}" = debian ]; then
    # shellcheck disable=SC2016  # apt replaces $(...) itself
    targets=$(apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' || :)
    found=$(echo "$targets" | awk -v release="${host#* }" '$2 == release && $1 ~ /debian/ { print $1; exit }')
    main=${found:-$main}
    found=$(echo "$targets" | awk -v release="${host#* }-security" '$2 == release { print $1; exit }')
    security=${found:-$security}
  fi
  echo "deb $main $suite main"
  echo "deb $main $suite-updates main"
  echo "deb $security $suite-security main"
}

# MariaDB's settings, in place BEFORE its installation: it would otherwise make a redo log of 96 MB.
write_database_settings() {
  cat > "$work/99-lab.cnf" <<'END'
[mysqld]
innodb_buffer_pool_size=32M
innodb_log_file_size=8M
performance_schema=OFF
key_buffer_size=4M
aria_pagecache_buffer_size=4M
tmp_table_size=4M
log_error=/var/log/mysql/error.log
skip_name_resolve=ON
END
}

install_packages() {
  guest_sources > "$work/guest.list"
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  proxy=$(apt-config shell proxy Acquire::http::Proxy) && eval "$proxy"
  # shellcheck disable=SC2016  # mmdebstrap gives the folder to its hooks as $1
  mmdebstrap --variant=apt --mode=root --format=directory --include="$packages" --keyring="$keyring" \
    --aptopt='Apt::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
    ${proxy:+--aptopt="Acquire::http::Proxy \"$proxy\""} \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/mysql/mysql-test/*' --dpkgopt='force-unsafe-io' \
    --skip=essential/unlink --skip=cleanup/apt/cache \
    --setup-hook="mkdir -p \"\$1/var/cache/apt/archives\" && mount -o bind '$cache' \"\$1/var/cache/apt/archives\"" \
    --essential-hook='printf "#!/bin/sh\nexit 101\n" > "$1/usr/sbin/policy-rc.d"; chmod +x "$1/usr/sbin/policy-rc.d"' \
    --essential-hook="mkdir -p \"\$1/etc/mysql/mariadb.conf.d\"; cp '$work/99-lab.cnf' \"\$1/etc/mysql/mariadb.conf.d/\"" \
    --customize-hook="sh '$here/fetch-kernel.sh' \"\$1\" '$work/kernel'" \
    --customize-hook='umount "$1/var/cache/apt/archives"; rm -f "$1/usr/sbin/policy-rc.d"; rm -rf "$1"/var/lib/apt/lists/*' \
    "$suite" "$root" "$work/guest.list" > "$lab/image-build.log" 2>&1 ||
    { tail -n 20 "$lab/image-build.log" >&2; fail "mmdebstrap failed; the whole log is $lab/image-build.log"; }
}

make_initrd() {
  initrd=$work/initrd
  mkdir -p "$initrd/bin" "$initrd/dev" "$initrd/proc" "$initrd/root" "$initrd/modules"
  cp "$root/bin/busybox" "$initrd/bin/busybox"
  number=10
  for module in $boot_modules; do
    file=$(find "$work/kernel/lib/modules" -name "$module.ko*")
    [ -n "$file" ] || fail "the kernel has no module $module"
    cp "$file" "$initrd/modules/$number-$module.ko"
    number=$((number + 1))
  done
  cp "$here/initrd-init.sh" "$initrd/init"
  chmod +x "$initrd/init"
  (cd "$initrd" && find . | ./bin/busybox cpio -o -H newc 2> "$work/cpio.log" | gzip -1) > "$out/initrd"
}

make_disks() {
  rm -f "$out/base.raw" "$out/data.raw"
  truncate -s 2G "$out/base.raw"
  mkfs.ext4 -q -F -d "$root" -L root -O '^metadata_csum_seed' -m 0 -J size=16 \
    -E lazy_itable_init=1,lazy_journal_init=1,nodiscard "$out/base.raw"
  truncate -s 512M "$out/data.raw"
  mkfs.ext4 -q -F -L data -O '^metadata_csum_seed' -m 0 -J size=4 \
    -E lazy_itable_init=1,lazy_journal_init=1,nodiscard "$out/data.raw"
}

[ "$(id -u)" = 0 ] || fail 'building the image needs root'
mkdir -p "$cache" "$out"
clean_up
trap clean_up EXIT
trap 'exit 130' INT TERM
mkdir -p "$work"
for key in id-root id-user; do
  [ -f "$out/$key" ] || ssh-keygen -q -t ed25519 -N '' -C "stillshot lab $key" -f "$out/$key"
done
phase 'installing Debian 12 with MariaDB (about a minute and a half)'
write_database_settings
install_packages
cp "$work"/kernel/boot/vmlinuz-* "$out/vmlinuz"
phase 'arranging the guest'
BOOT_MODULES=$boot_modules LATER_MODULES=$later_modules \
  sh "$here/arrange-guest.sh" "$root" "$work/kernel" "$out" || fail 'arranging the guest failed'
cp "$root/etc/ssh/ssh_host_ed25519_key.pub" "$out/host-key.pub"
phase 'making the initrd and the disks'
make_initrd
make_disks
chmod 644 "$out/vmlinuz" "$out/initrd" "$out/base.raw" "$out/data.raw"
cat "$here"/*.sh | sha256sum | cut -d ' ' -f 1 > "$out/built-from"
chown -R "$owner" "$out" "$cache"
chown "$owner" "$lab" "$lab/image-build.log"
phase 'done'
