/** One guest disk under the data and the VM's disk that it was found to be. */
export interface CoveredDisk {
  /** Its kernel name; of a container, where the volume is mounted. */
  readonly guest: string
  readonly disk: string
  readonly by: 'mapping' | 'serial' | 'by-id' | 'bus-and-unit' | 'volume'
}
