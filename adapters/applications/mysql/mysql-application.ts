import type { Application } from '../../../src/guest/application.ts'
import { checkProbe } from './check-probe.ts'
import { forecast } from './forecast.ts'
import { judgeData } from './judge-data.ts'
import { proveComeBack } from './prove-come-back.ts'
import { proveStoodStill } from './prove-stood-still.ts'
import { proveStop } from './prove-stop.ts'

/** What is known of MySQL and MariaDB servers; which versions, says versions.ts. */
export function mysqlApplication(): Application {
  return { name: 'mysql', checkProbe, forecast, proveStop, proveStoodStill, proveComeBack, judgeData }
}
