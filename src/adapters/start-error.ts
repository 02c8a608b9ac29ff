/** What keeps a server from starting and an administrator can mend; the message names the setting and what to do. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
