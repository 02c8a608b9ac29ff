/** What was asked for can't be done; the message says why, and what to do instead. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}
