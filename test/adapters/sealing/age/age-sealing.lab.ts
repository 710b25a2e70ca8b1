// runs beside other labs
import { AgeSealing } from '../../../../adapters/sealing/age/age-sealing.ts'
import { testSealing } from '../../../conformance/sealing.ts'
import { ageKey } from '../../../labs/age-key.ts'

testSealing('age', async () => {
  const [mine, other] = [await ageKey(), await ageKey()]
  const recipients = [mine.recipient]
  return {
    whole: new AgeSealing({ name: 'nas', recipients, identity: async () => mine.identity }),
    blind: new AgeSealing({ name: 'nas', recipients }),
    stranger: new AgeSealing({ name: 'nas', recipients, identity: async () => other.identity }),
  }
})
