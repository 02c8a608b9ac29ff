/** How many changing operations run at once, and who waits for his turn. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Failure } from '../protocol/errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    isInside: boolean
  }
}

export type CrowdNeeds = {
  /** Milliseconds that only ever pass. */
  elapsedMs(): number
  /** So many run, others wait in a line. */
  maxChangesAtOnce: number
  /** Who would wait longer than this is refused at once. */
  changeWaitMs: number
}

export type Crowd = ReturnType<typeof createCrowd>

type Waiting = { since: number; place: number; start(): void; refuse(failure: Failure): void }

/** The share of the newest figure in the mean. */
const newest = 0.2
/** What one place of the line takes, until it was measured. */
const firstGuessMs = 2
/** Each holds the body of its request. */
const longestLine = 1_000
/** Who has waited so many times as long as he should have is not served any more: he may have given up. */
const patience = 2

/**
 * A machine does not do more by doing all at the same time, it only makes everything late, refusals too. So few run,
 * others wait, and nobody joins a line that is longer than what is served in good time, as far as the time that the
 * last places took tells.
 */
export const createCrowd = ({ elapsedMs, maxChangesAtOnce, changeWaitMs }: CrowdNeeds) => {
  // One for all: it is thrown most when there is no time to make it.
  const full = new Failure('OVERLOADED', { retryAfterSeconds: 1 })
  const line: Waiting[] = []
  let inside = 0
  let placeMs = firstGuessMs

  const isFull = () =>
    line.length >= longestLine || (line.length > 0 && (line.length + 1) * placeMs > changeWaitMs)

  const callNext = () => {
    while (inside < maxChangesAtOnce) {
      const next = line.shift()
      if (!next) return
      const waitedMs = elapsedMs() - next.since
      placeMs += newest * (waitedMs / next.place - placeMs)
      if (waitedMs > patience * changeWaitMs) {
        next.refuse(full)
      } else {
        inside++
        next.start()
      }
    }
  }
  const leave = () => {
    inside--
    callNext()
  }

  return {
    /** Throws OVERLOADED when who came now would wait for too long. */
    check: () => {
      if (isFull()) throw full
    },
    /** Resolves when it is one's turn; throws OVERLOADED. */
    enter: (): Promise<void> => {
      if (inside < maxChangesAtOnce) {
        inside++
        return Promise.resolve()
      }
      if (isFull()) return Promise.reject(full)
      return new Promise((start, refuse) => {
        line.push({ since: elapsedMs(), place: line.length + 1, start, refuse })
      })
    },
    leave,
    /** Work that has a line of its own, or waits for another: it takes no place meanwhile. */
    aside: async <T>(work: () => Promise<T>): Promise<T> => {
      leave()
      try {
        return await work()
      } finally {
        inside++
      }
    },
    facts: () => ({ inside, waiting: line.length }),
  }
}

const isChange = ({ routeOptions }: FastifyRequest) => {
  const { shape } = routeOptions.config
  return shape !== undefined && shape.replay !== 'read'
}

/** Changing operations take their turn; who would wait for too long is told before anything is read or opened. */
export const limitCrowd = (app: FastifyInstance, crowd: Crowd) => {
  app.decorateRequest('isInside', false)
  app.addHook('onRequest', async (request) => {
    if (isChange(request)) crowd.check()
  })
  // In the line from here on: with a slow body anybody could keep a place for nothing.
  app.addHook('preValidation', async (request) => {
    if (!isChange(request)) return
    await crowd.enter()
    request.isInside = true
  })
  app.addHook('onSend', async (request, _reply, payload) => {
    if (request.isInside) crowd.leave()
    request.isInside = false
    return payload
  })
}
