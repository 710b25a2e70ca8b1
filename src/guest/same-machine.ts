import type { Proof } from '../grade/proof.ts'
import { isContainerUuid } from './container-identity.ts'

/**
 * Claim `same-machine`: the guest that answers over SSH is the VM that the hypervisor snapshots. SMBIOS UUID equal in
 * either byte order (VMware shows the first three fields swapped), carried by one VM only, and a network address in
 * common where both sides know theirs.
 */
export function proveSameMachine(
  vm: { readonly name: string; readonly uuid: string; readonly macs: readonly string[] },
  guest: { readonly uuid: string | null; readonly macs: readonly string[] },
  sameUuid: number,
): Proof {
  const claim = 'same-machine'
  if (guest.uuid === null || guest.uuid === '') {
    const what = isContainerUuid(vm.uuid) ? 'an address of a network card as a container' : 'an SMBIOS UUID'
    return { claim, verdict: 'unknown', code: 'no-guest-uuid', message: `the guest does not show ${what}` }
  }
  const guestUuid = guest.uuid.toLowerCase()
  if (!isSameUuid(guestUuid, vm.uuid)) {
    const message = `the guest has ${identityIn(guestUuid)}, ${vm.name} has ${identityIn(vm.uuid)}`
    return { claim, verdict: 'contradicted', code: 'uuid-differs', message }
  }
  if (sameUuid !== 1) {
    return {
      claim,
      verdict: 'unknown',
      code: 'uuid-not-unique',
      message: `${sameUuid} VMs carry the ${identityIn(vm.uuid)}`,
    }
  }
  const known = new Set(guest.macs.map((mac) => mac.toLowerCase()))
  if (vm.macs.length > 0 && known.size > 0 && !vm.macs.some((mac) => known.has(mac.toLowerCase()))) {
    const message = `no network address in common: guest ${[...known].join(', ')}, VM ${vm.macs.join(', ')}`
    return { claim, verdict: 'contradicted', code: 'macs-differ', message }
  }
  return { claim, verdict: 'proven', code: 'uuid-equal', message: `${identityIn(vm.uuid)} on both sides` }
}

function identityIn(uuid: string): string {
  const hex = isContainerUuid(uuid) ? uuid.slice(-12).match(/../g) : undefined
  if (hex !== undefined && hex !== null) return `network address ${hex.join(':')} (a container)`
  return uuid === '' ? 'no identity' : `SMBIOS UUID ${uuid}`
}

/** True when both are the SMBIOS UUID of one machine, in whatever byte order. */
export function isSameUuid(one: string, other: string): boolean {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()]
  return a === b || swapFields(a) === b
}

/** The first three fields with their bytes in the other order: 4, 2 and 2 bytes. */
export function swapFields(uuid: string): string {
  const [a, b, c, ...rest] = uuid.split('-')
  return [reverseBytes(a ?? ''), reverseBytes(b ?? ''), reverseBytes(c ?? ''), ...rest].join('-')
}

function reverseBytes(hex: string): string {
  return (hex.match(/../g) ?? []).reverse().join('')
}
