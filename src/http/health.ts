/** Whether the process lives, and whether it can serve: at the callers' port, and at the port of the metrics. */
import type { FastifyInstance } from 'fastify'

/** A dependency and what is wrong with it; empty: nothing. */
export type Dependency = { name: string; problem: string; required: boolean }

export type HealthNeeds = {
  checkDependencies(): Promise<Dependency[]>
  isDraining(): boolean
  elapsedMs(): number
}

export type HealthReply = { status: number; body: Record<string, unknown> }

export type Health = ReturnType<typeof createHealth>

const freshMs = 1_000

export const createHealth = ({ checkDependencies, isDraining, elapsedMs }: HealthNeeds) => {
  let latest: { at: number; result: Promise<Dependency[]> } | undefined
  // At most once a second: no caller can make the server ask the database in a loop.
  const check = () => {
    if (!latest || elapsedMs() - latest.at >= freshMs) {
      latest = { at: elapsedMs(), result: checkDependencies() }
    }
    return latest.result
  }

  const live = async (): Promise<HealthReply> => ({ status: 200, body: { status: 'ok' } })

  const ready = async (): Promise<HealthReply> => {
    const dependencies = await check()
    const isServing = dependencies.every(({ problem, required }) => !problem || !required)
    const isReady = isServing && !isDraining()
    return {
      status: isReady ? 200 : 503,
      body: {
        status: isDraining() ? 'draining' : isReady ? 'ready' : 'not ready',
        dependencies: Object.fromEntries(dependencies.map(({ name, problem }) => [name, problem || 'ok'])),
      },
    }
  }

  return {
    isDraining,
    /** `/healthz`: the process answers. `/readyz`: it can serve, with the reason for each dependency. */
    paths: new Map([
      ['/healthz', live],
      ['/readyz', ready],
    ]),
  }
}

export const registerHealth = (app: FastifyInstance, { paths }: Health) => {
  for (const [path, read] of paths) {
    app.get(path, { config: { unlimited: true } }, async (_request, reply) => {
      const { status, body } = await read()
      return reply.code(status).send(body)
    })
  }
}
