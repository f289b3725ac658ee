#!/bin/sh
# A machine for systemd over this one's files: run in new namespaces (machine.ts), ends by becoming the given program.
# Usage: boot.sh FOLDER PACKAGE NODE PROGRAM [ARGUMENT...]
# What is changed below / is gone with the machine; kernel settings, devices and the package cannot be written at all.
set -eu
folder=$1 package=$2 node=$3
shift 3

mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" overlay "$folder/root"
root=$folder/root

mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"

mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
for place in dev/shm tmp; do mount -t tmpfs -o mode=1777 tmpfs "$root/$place"; done
mount -t tmpfs -o mode=0755 tmpfs "$root/run"

# None of the services that this machine has, and nothing that is about hardware.
rm -rf "$root/etc/systemd/system"
mkdir -p "$root/etc/systemd/system"
for unit in systemd-modules-load.service systemd-udevd.service systemd-udev-trigger.service systemd-timesyncd.service; do
  ln -s /dev/null "$root/etc/systemd/system/$unit"
done

mkdir -p "$root/opt/anteroom" "$root/old"
mount --bind "$package" "$root/opt/anteroom"
mount -o remount,bind,ro "$root/opt/anteroom"
touch "$root/opt/node"
mount --bind "$node" "$root/opt/node"
for program in anteroom=cli/main anteroom-proxy=proxy/server/main; do
  printf '#!/bin/sh\nexec /opt/node /opt/anteroom/dist/%s.js "$@"\n' "${program#*=}" >"$root/usr/bin/${program%%=*}"
  chmod 755 "$root/usr/bin/${program%%=*}"
done

cd "$root"
pivot_root . old
umount -l old
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
