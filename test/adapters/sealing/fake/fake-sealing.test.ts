import { FakeSealing } from '../../../../adapters/sealing/fake/fake-sealing.ts'
import { testSealing } from '../../../conformance/sealing.ts'

testSealing('fake', async () => ({
  whole: new FakeSealing('admin', 'admin'),
  blind: new FakeSealing('admin'),
  stranger: new FakeSealing('admin', 'mallory'),
}))
