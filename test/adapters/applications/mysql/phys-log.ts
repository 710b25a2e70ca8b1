import { crc32c } from '../../../../adapters/applications/mysql/crc32c.ts'
import type { RedoFacts } from '../../../../src/guest/protocol/answers.ts'

const START = 12288
export const FIRST_LSN = 12288n

/** A log of format `Phys` made by hand, for what a real server writes seldom: an end at the end of the file. */
export class PhysLog {
  readonly #data: Buffer
  #lsn: bigint

  /** `capacity`: bytes of log that the file holds; `lsn`: where it begins to write. */
  constructor(capacity: number, lsn: bigint) {
    this.#data = Buffer.alloc(capacity, 0x37)
    this.#lsn = lsn
  }

  get lsn(): bigint {
    return this.#lsn
  }

  /** Appends a mini-transaction with these records. */
  write(records: Buffer): void {
    const end = Buffer.alloc(5)
    end[0] = this.#sequenceBit(this.#lsn + BigInt(records.length))
    end.writeUInt32BE(crc32c(records), 1)
    this.#put(Buffer.concat([records, end]))
  }

  /** Appends the mini-transaction that ends a checkpoint, as a clean stop does; answers the checkpoint's LSN. */
  checkpoint(): bigint {
    const lsn = this.#lsn
    const record = Buffer.from([0xfa, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    record.writeBigUInt64BE(lsn, 3)
    this.write(record)
    return lsn
  }

  /** A server ends what it writes with a zero byte, where the block has room. */
  terminate(): void {
    this.#data[this.#offset(this.#lsn)] = 0
  }

  facts(checkpointLsn: bigint, tailBytes = 512, older = checkpointLsn - 30n): RedoFacts {
    const offset = this.#offset(checkpointLsn)
    const ring = Buffer.concat([this.#data.subarray(offset), this.#data.subarray(0, offset)])
    const header = Buffer.alloc(64)
    header.write('Phys')
    header.writeBigUInt64BE(FIRST_LSN, 8)
    header.write('MariaDB 10.11.19', 16)
    return {
      path: '/var/lib/mysql/ib_logfile0',
      sizeBytes: START + this.#data.length,
      headerHex: header.toString('hex'),
      checkpoints: [
        { offset: 4096, hex: checkpointBlock(older).toString('hex') },
        { offset: 8192, hex: checkpointBlock(checkpointLsn).toString('hex') },
      ],
      tail: { offset: START + offset, hex: ring.subarray(0, tailBytes).toString('hex') },
      names: [{ name: 'ib_logfile0', sizeBytes: START + this.#data.length }],
    }
  }

  #put(bytes: Buffer): void {
    for (const byte of bytes) {
      this.#data[this.#offset(this.#lsn)] = byte
      this.#lsn += 1n
    }
  }

  #offset(lsn: bigint): number {
    return Number((lsn - FIRST_LSN) % BigInt(this.#data.length))
  }

  #sequenceBit(lsn: bigint): number {
    return ((lsn - FIRST_LSN) / BigInt(this.#data.length)) % 2n === 0n ? 1 : 0
  }
}

export function checkpointBlock(lsn: bigint, endLsn = lsn): Buffer {
  const block = Buffer.alloc(64)
  block.writeBigUInt64BE(lsn, 0)
  block.writeBigUInt64BE(endLsn, 8)
  block.writeUInt32BE(crc32c(block.subarray(0, 60)), 60)
  return block
}
