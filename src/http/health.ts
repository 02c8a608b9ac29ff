import type { FastifyInstance } from 'fastify'

/** A dependency and what is wrong with it; empty: nothing. */
export type Dependency = { name: string; problem: string; required: boolean }

export type HealthNeeds = {
  checkDependencies(): Promise<Dependency[]>
  isDraining(): boolean
  elapsedMs(): number
}

const freshMs = 1_000

/** `/healthz`: the process answers. `/readyz`: it can serve, with the reason for each dependency. */
export const registerHealth = (app: FastifyInstance, needs: HealthNeeds) => {
  let latest: { at: number; result: Promise<Dependency[]> } | undefined
  // Asked at most once a second, so that no caller can make the server ask the database in a loop.
  const check = () => {
    if (!latest || needs.elapsedMs() - latest.at >= freshMs) {
      latest = { at: needs.elapsedMs(), result: needs.checkDependencies() }
    }
    return latest.result
  }
  app.get('/healthz', { config: { unlimited: true } }, async () => ({ status: 'ok' }))
  app.get('/readyz', { config: { unlimited: true } }, async (_request, reply) => {
    const dependencies = await check()
    const isReady =
      !needs.isDraining() && dependencies.every(({ problem, required }) => !problem || !required)
    return reply.code(isReady ? 200 : 503).send({
      status: needs.isDraining() ? 'draining' : isReady ? 'ready' : 'not ready',
      dependencies: Object.fromEntries(dependencies.map(({ name, problem }) => [name, problem || 'ok'])),
    })
  })
}
