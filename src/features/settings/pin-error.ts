/** The database was made with something else; the message names the key and what to do. */
export class PinError extends Error {
  override readonly name = 'PinError'
}
