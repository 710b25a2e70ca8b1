import type { Fault } from '../fault.ts'

export const readOnlyGuest: Fault = {
  name: 'read-only-guest',
  about:
    'every disk of the guest turns read-only until the command has ended; what cannot be remounted is lifted by a reset',
  at: { snapshot: ['preflight', 'drain', 'hold', 'snapshot', 'release', 'come-back'] },
  elsewhere: 'stop: as hold; grade, after: nothing is written in the guest any more; other procedures: as full disks',
  hinders: true,
  // The emergency remount is the kernel's: a native guest shares it with this machine.
  ground: 'libvirt',
  inject: async ({ guest }) => {
    // Emergency remount: at once, whatever is open for writing.
    await guest.run(
      'echo u > /proc/sysrq-trigger; i=0; until ! touch /root/probe 2>/dev/null || [ $i -gt 100 ]; do i=$((i+1)); sleep 0.05; done',
    )
  },
  lift: async ({ guest }) => {
    // ext4 does not let a file system back that has deleted files open: then only a restart of the guest helps.
    const { status } = await guest.try('mount -o remount,rw / && mount -o remount,rw /srv/data && rm -f /root/probe')
    if (status !== 0) return guest.reset()
    // A server that met a read-only disk may have ended badly; its administrator clears that.
    await guest.run('systemctl reset-failed mariadb || :')
  },
}

export const readOnlyState: Fault = {
  name: 'read-only-state',
  about: 'the disk of the state directory turns read-only; repaired when the command has ended',
  at: {
    snapshot: ['preflight', 'drain', 'hold', 'snapshot', 'release', 'come-back', 'grade', 'after'],
    restore: ['roll-back'],
    release: ['release'],
  },
  elsewhere: 'stop: as hold; the others: as full-state',
  inject: ({ disk }) => disk.turnReadOnly(),
  lift: ({ disk }) => disk.repair(),
}
