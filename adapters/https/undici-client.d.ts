/** The one part of undici that is used here: the package as a whole costs a process another 6 MB, and a tenth of its start. */
declare module 'undici/lib/dispatcher/client.js' {
  import { Client } from 'undici'
  export = Client
}
