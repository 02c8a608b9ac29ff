import type { onSendHookHandler } from 'fastify'

export type DrainNeeds = {
  /** This process is ending and takes no new connections. */
  isLeaving(): boolean
}

/**
 * Closes connections of a process that ends: one that is kept would keep the process too. Not while new connections
 * are accepted, since each would come back as one.
 */
export const closeWhenDraining =
  ({ isLeaving }: DrainNeeds): onSendHookHandler =>
  (_request, reply, _payload, done) => {
    if (isLeaving()) reply.header('connection', 'close')
    done()
  }
