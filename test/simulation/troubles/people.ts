import { forget } from '../../../adapters/hypervisors/fake/fake-vm.ts'
import type { Trouble } from '../trouble.ts'
import { VM } from '../world.ts'

/** A monitor, or a person, with systemctl. */
const startsServer: Trouble = {
  name: 'somebody starts the server by its unit',
  strike({ guest: { machine, helper } }) {
    if (!machine.isUp) return false
    helper.startFromOutside()
    return true
  },
}

/** A person with the server's own program: nothing that blocks units is in the way. */
const runsServer: Trouble = {
  name: 'somebody runs the server’s program',
  strike({ chance, guest: { server } }) {
    server.troubles.runAfterStopMs = chance.between(0, 3_000)
    return true
  },
}

const takesSnapshot: Trouble = {
  name: 'somebody takes a snapshot',
  strike(world) {
    const { books, foreignSnapshots, hypervisor, chance, clock } = world
    const name = chance.pick(['before-upgrade', 'stillshot-', 'stillshot-copy', 'nightly'])
    hypervisor.lockFor(VM, async () => {
      await clock.sleep(chance.between(50, 5_000))
      const vm = books.state(VM)
      if (vm.snapshots.some(({ snapshot }) => snapshot.name === name)) return
      await books.createSnapshot(await books.findVm(VM), { name, description: 'stillshot 1 grade=db-stopped' })
      foreignSnapshots.add(name)
    })
    return true
  },
}

const removesSnapshot: Trouble = {
  name: 'somebody removes a snapshot of ours',
  strike({ books, chance, foreignSnapshots, hypervisor, removedByPeople }) {
    const vm = books.state(VM)
    const ours = vm.snapshots.filter(({ snapshot: { name, complete } }) => complete && !foreignSnapshots.has(name))
    if (ours.length === 0) return false
    const { name } = chance.pick(ours).snapshot
    hypervisor.lockFor(VM, async () => {
      forget(vm, name)
      removedByPeople.add(name)
    })
    return true
  },
}

/** A migration, or a backup job: the VM is locked, and stands still for a moment. */
const migrates: Trouble = {
  name: 'VM migrated',
  strike({ chance, clock, guest: { machine }, hypervisor }) {
    if (!machine.isUp || machine.isPaused) return false
    hypervisor.lockFor(VM, async () => {
      await clock.sleep(chance.between(100, 20_000))
      machine.pause()
      await clock.sleep(chance.between(10, 900))
      machine.resume()
    })
    return true
  },
}

const switchesOff: Trouble = {
  name: 'somebody switches the VM off',
  strike(world) {
    const { chance, clock, guest } = world
    if (!guest.machine.isUp) return false
    guest.machine.powerOff()
    world.offByPeople = true
    if (chance.happens(0.7)) clock.sleep(chance.between(1_000, 60_000)).then(() => guest.machine.powerOn())
    return true
  },
}

export const peopleTroubles: readonly Trouble[] = [
  startsServer,
  runsServer,
  runsServer,
  takesSnapshot,
  removesSnapshot,
  migrates,
  switchesOff,
]
