/** How many times as long as on two cores with nothing else to do everything takes, judged by the start of a server. */
import { type Environment, type ServerProcess, spawnServer } from '../harness/test-server.ts'

const quickStartMs = 1_200

export const spawnTimed = async (
  environment: Environment,
): Promise<{ server: ServerProcess; slowness: number }> => {
  const started = performance.now()
  const server = await spawnServer(environment)
  return { server, slowness: Math.max(1, (performance.now() - started) / quickStartMs) }
}
