// runs natively
// time limit: 1800 s
import { after, describe } from 'node:test'
import { ciCells, testCells } from './ci-cells.ts'
import { nativeGround } from './grounds/native-ground.ts'
import { Place } from './place.ts'

/** Cells that are about the guest and stillshot alone. Most of their time is spent waiting: so two at once. */
const GUESTS = ['faults-native-1', 'faults-native-2']
const places = GUESTS.map((guest) => new Place(() => nativeGround(guest)))
after(async () => {
  for (const place of places) await place.close()
})

describe('faults', { concurrency: GUESTS.length }, () => testCells(ciCells('native'), [...places]))
