import type { Fault } from '../fault.ts'

export const secondSameCatalog: Fault = {
  name: 'second-same-catalog',
  about: 'a second stillshot with the same catalog takes a snapshot of the VM',
  at: { snapshot: ['preflight', 'snapshot', 'after'], backup: ['dump'], 'restore-backup': ['load'] },
  elsewhere: 'between preflight and after the lock stands: as at snapshot; other procedures take the same lock',
  inject: async (scene) => void scene.told.push(await scene.tell(['snapshot', scene.cli.vm])),
}

export const secondOtherCatalog: Fault = {
  name: 'second-other-catalog',
  about: 'a second stillshot with a catalog of its own takes a snapshot of the VM',
  at: {
    snapshot: ['preflight', 'stop', 'snapshot', 'release', 'come-back', 'after'],
    restore: ['safety-snapshot'],
    hold: ['held'],
    backup: ['dump'],
    'restore-backup': ['hold', 'load', 'release'],
  },
  elsewhere: 'drain, hold: as preflight; grade: as come-back; restore/roll-back, boot: the guest does not answer',
  inject: async (scene) => void scene.told.push(await scene.tell(['snapshot', scene.other.vm], scene.other)),
  // What the second one left, its own recover settles.
  lift: async (scene) => void (await scene.tell(['recover'], scene.other)),
}
