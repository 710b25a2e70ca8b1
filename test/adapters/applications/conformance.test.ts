import { FakeApplication } from '../../../adapters/applications/fake/fake-application.ts'
import { mysqlApplication } from '../../../adapters/applications/mysql/mysql-application.ts'
import { testApplication } from '../../conformance/application.ts'
import { RECORDED_SERVERS, readRecordings } from '../../recordings/read-recordings.ts'
import { seenRecording } from './seen-recording.ts'

for (const server of RECORDED_SERVERS) {
  const recordings = readRecordings(server)
  testApplication({
    name: `mysql on ${server}`,
    application: mysqlApplication(),
    clean: recordings.filter(({ clean }) => clean).map(seenRecording),
    unclean: recordings.filter(({ clean }) => !clean).map(seenRecording),
  })
}

const recordings = readRecordings('mariadb-10.11')
testApplication({
  name: 'fake',
  application: new FakeApplication(),
  clean: recordings.filter(({ clean }) => clean).map(seenRecording),
  // The fake knows nothing of redo: only what is left lying about tells it.
  unclean: recordings.filter(({ scenario }) => scenario.startsWith('killed')).map(seenRecording),
})
