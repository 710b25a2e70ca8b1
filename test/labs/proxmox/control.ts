import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Fault } from './faults.ts'
import type { ConfigLock } from './guests/guest.ts'
import type { StandIn } from './stand-in.ts'

/** What can be asked of a stand-in in another process: one document a request. */
export type Order =
  | { readonly act: 'fault'; readonly fault: Fault }
  | { readonly act: 'clear-faults' }
  | { readonly act: 'lock'; readonly vmid: number; readonly lock: ConfigLock }
  | { readonly act: 'unlock'; readonly vmid: number }
  | { readonly act: 'back-up'; readonly vmid: number; readonly ms: number }
  | { readonly act: 'hold-flock'; readonly vmid: number; readonly ms: number }
  | { readonly act: 'migrate'; readonly vmid: number; readonly node: string }
  | { readonly act: 'node-down'; readonly node: string; readonly crashed?: boolean }
  | { readonly act: 'node-up'; readonly node: string }
  | { readonly act: 'kill-task'; readonly upid: string }
  | { readonly act: 'tasks' }

/** Takes orders on a Unix socket: `curl --unix-socket PATH -d '{"act":"unlock","vmid":100}' http://stand-in/`. */
export async function serveControl(standIn: StandIn, path: string): Promise<Server> {
  await rm(path, { force: true })
  const server = createServer(async (request, response) => {
    const [status, document] = await carryOut(standIn, request).then(
      (result): [number, object] => [200, { result: result ?? null }],
      (error: unknown): [number, object] => [400, { error: error instanceof Error ? error.message : String(error) }],
    )
    response.writeHead(status, { 'Content-Type': 'application/json' })
    response.end(`${JSON.stringify(document)}\n`)
  })
  server.listen(path)
  await once(server, 'listening')
  return server
}

async function carryOut(standIn: StandIn, request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return follow(standIn, JSON.parse(Buffer.concat(chunks).toString('utf8')) as Order)
}

function follow(standIn: StandIn, order: Order): unknown {
  switch (order.act) {
    case 'fault':
      return standIn.fault(order.fault)
    case 'clear-faults':
      return standIn.cluster.faults.clear()
    case 'lock':
      return standIn.lock(order.vmid, order.lock)
    case 'unlock':
      return standIn.unlock(order.vmid)
    case 'back-up':
      return void standIn.backUp(order.vmid, order.ms)
    case 'hold-flock':
      return void standIn.holdFlock(order.vmid, order.ms)
    case 'migrate':
      return standIn.migrate(order.vmid, order.node)
    case 'node-down':
      return standIn.nodeDown(order.node, { crashed: order.crashed ?? false })
    case 'node-up':
      return standIn.nodeUp(order.node)
    case 'kill-task':
      return standIn.cluster.tasks.kill(order.upid)
    case 'tasks':
      return standIn.tasks().map(({ upid, exitStatus, lines }) => ({ upid, exitStatus, lines }))
    default:
      throw new Error(`there is no act ${JSON.stringify((order as { act?: unknown }).act)}`)
  }
}
