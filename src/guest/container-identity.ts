/**
 * A container has no SMBIOS: what the guest could read there is the node's, and the same in all containers. What its hypervisor
 * and it both know is the address of its first network card (`eth0`). So that everything that is known by a UUID goes for containers,
 * too, that address is written as one: version 8, whose bits are the maker's own. docs/decisions/0029-containers.md.
 */
const PREFIX = '6c786300-0000-8000-8000-'

/** Empty without an address. The guest helper writes the same (parts/10-answers.sh). */
export function containerUuid(address: string | undefined): string {
  const hex = (address ?? '').toLowerCase().replaceAll(':', '')
  return /^[0-9a-f]{12}$/.test(hex) ? `${PREFIX}${hex}` : ''
}

export function isContainerUuid(uuid: string): boolean {
  return uuid.toLowerCase().startsWith(PREFIX)
}
