import type { FastifyInstance } from 'fastify'
import { Failure } from '../protocol/errors.ts'

/** Collects the methods of each path as routes are registered; the stage `checkRoute` refuses what is not among them. */
export const watchRoutes = (app: FastifyInstance) => {
  const methods = new Map<string, Set<string>>([['*', new Set(['GET', 'HEAD', 'POST'])]])
  app.addHook('onRoute', ({ url, method }) => {
    methods.set(url, new Set([...(methods.get(url) ?? []), ...[method].flat()]))
  })
  // Only reached if the stage has not refused: Fastify must never answer in its own words.
  app.setNotFoundHandler(async () => {
    throw new Failure('OPERATION_UNKNOWN')
  })
  return (path: string): readonly string[] | undefined => {
    const found = methods.get(path)
    return found && [...found].sort()
  }
}
