/** One channel of SHOW ALL SLAVES STATUS or SHOW REPLICA STATUS. */
export type Channel = Readonly<Record<string, string>>

export function nameChannel(channel: Channel): string {
  return channel.Connection_name ?? channel.Channel_Name ?? ''
}

export function ioThread(channel: Channel): string {
  return channel.Slave_IO_Running ?? channel.Replica_IO_Running ?? 'unknown'
}

export function sqlThread(channel: Channel): string {
  return channel.Slave_SQL_Running ?? channel.Replica_SQL_Running ?? 'unknown'
}

export function describeChannel(channel: Channel): string {
  return `IO ${ioThread(channel)}, SQL ${sqlThread(channel)}`
}
