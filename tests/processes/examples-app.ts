/** docs/examples in the folder of an app that has installed the packed SDK, and a server to run them against. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { openEmbedded } from '../client/worlds.ts'
import { type Environment, spawnServer } from '../harness/test-server.ts'
import { linkPackages, openPackedApp, root } from './packed-client.ts'

/** What the examples install beside the SDK. */
const packages = [
  ...['vite', '@vitejs/plugin-vue', 'vue', 'react', 'react-dom', '@types/react', '@types/react-dom'],
  ...['@types/node', 'express', 'fastify', 'hono', '@hono/node-server', 'standardwebhooks'],
]

export const openExamples = async (t: Test) => {
  const { app, installed } = await openPackedApp(t)
  await linkPackages(app, packages)
  const examples = join(app, 'examples')
  await cp(join(root, 'docs', 'examples'), examples, { recursive: true })
  const world = await openEmbedded()
  const backend = await world.admin.apps.add({ name: 'backend', checks: [world.app.appId] })
  const server = await spawnServer(world.environment)
  t.teardown(async () => {
    await server.stop()
    await world.close()
  })
  return { examples, installed, world, backend, server }
}

const environmentOf = (more: Environment): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '',
  ...more,
})

/** Runs a program to its end: its exit code and the lines of its output. */
export const runProgram = async (command: string, words: string[], cwd: string, more: Environment = {}) => {
  const child = spawn(command, words, { cwd, env: environmentOf(more), stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  const errors: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, lines, errors }
}

/** Starts a program that prints its address when it listens. */
export const startProgram = async (
  t: Test,
  command: string,
  words: string[],
  cwd: string,
  more: Environment,
) => {
  const child = spawn(command, words, { cwd, env: environmentOf(more), stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill())
  const [address] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return address
}
