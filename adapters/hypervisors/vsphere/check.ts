import { StillshotError } from '../../../src/errors.ts'
import type { HypervisorInfo } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import type { Site } from './site.ts'

/** The oldest version of the API that has all that is asked here: of vSphere 6.5. */
const OLDEST = 6.5

export async function check({ name, session }: Site, call: Call): Promise<HypervisorInfo> {
  const errand = { call, doing: `reach ${name}` }
  await session.call('CurrentTime', { type: 'ServiceInstance', value: 'ServiceInstance' }, {}, errand)
  const { product, version, apiVersion } = await session.open(errand)
  if (Number.parseFloat(apiVersion) < OLDEST) {
    throw new StillshotError('not-supported', `${name} has ${product} ${version}: vSphere ${OLDEST} is the oldest`, {
      hint: 'upgrade it',
    })
  }
  return { product, version }
}
