// time limit: 3600 s
import { after, before, describe } from 'node:test'
import { type Lab, openLab } from '../labs/lab.ts'
import { ciCells, testCells } from './ci-cells.ts'
import { libvirtGround } from './grounds/libvirt-ground.ts'
import { Place } from './place.ts'

/** Cells that libvirt or an emulated machine is needed for. Two guests, so that one waits while the other works. */
const GUESTS = ['faults-ci-1', 'faults-ci-2']
let lab: Lab
const places = GUESTS.map((guest) => new Place(() => libvirtGround(lab, guest)))
const free = [...places]
before(async () => {
  lab = await openLab({ log: () => {} })
})
after(async () => {
  for (const place of places) await place.close()
})

const cells = ciCells('libvirt')

describe('faults beside each other', { concurrency: GUESTS.length }, () => {
  const together = cells.filter(({ fault }) => !fault.alone)
  testCells(together, free)
})

describe('faults of what all guests share', () => {
  const alone = cells.filter(({ fault }) => fault.alone)
  testCells(alone, free)
})
