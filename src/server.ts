/** The process: load the configuration, build, listen, drain on a signal. */
import { setTimeout as delay } from 'node:timers/promises'
import { openOutput } from './adapters/log-output.ts'
import { createLogger } from './adapters/logger.ts'
import { readTlsFiles } from './adapters/tls-files.ts'
import { openServer, type Server } from './app.ts'
import { type Config, isEmbedded, isTrial } from './config/index.ts'
import { ConfigError, listIgnoredVariables, loadConfig, maskConfig } from './config/load.ts'
import { explainStart } from './explain.ts'
import { greetTrial } from './greet-trial.ts'
import { endConnections } from './http/drain.ts'
import { readStartOptions, type StartOption, startHelp } from './start-options.ts'
import { listIssuerWarnings, listWarnings } from './warnings.ts'

/** Beyond Node's 511 a burst of new connections would wait for seconds, until their clients knock again. */
const longestBacklog = 4_096
/** For what a process that ends has gathered. */
const flushMs = 1_000
const pass = (ms: number) => delay(ms, undefined, { ref: false })

/** Requests get `drainTimeoutMs`; what still runs then is cut. Writing has what they leave of it, and a second more. */
const drain = async (server: Server, { server: { drainTimeoutMs } }: Config) => {
  const end = performance.now() + drainTimeoutMs
  server.startDraining()
  let isAnswered = false
  const answered = endConnections(server.http.server)
    .then(() => server.http.close())
    .then(() => {
      isAnswered = true
    })
  await Promise.race([answered, pass(drainTimeoutMs)])
  const leftMs = Math.max(0, end - performance.now())
  await Promise.race([isAnswered ? server.close() : server.flush(), pass(leftMs + flushMs)])
}

/** One file on one machine is a choice in production, not what happens when a setting is missing. */
const checkEngines = (config: Config, options: Set<StartOption>) => {
  const isChosen = options.has('--embedded') || process.env.NODE_ENV !== 'production'
  if (isEmbedded(config) && !isChosen) {
    throw new ConfigError(
      'database.write (TORII__DATABASE__WRITE__0__HOST): production needs a database and a Redis; ' +
        'to serve one process from a file, start with --embedded',
    )
  }
}

const main = async (config: Config, options: Set<StartOption>) => {
  if (options.has('--print-config')) {
    process.stdout.write(`${JSON.stringify(maskConfig(config), null, 2)}\n`)
    return
  }
  checkEngines(config, options)
  const logger = createLogger(config.log.level, openOutput(process.stdout))
  const { greet } = logger
  const warn = (msg: string) => greet({ level: 40, start: 'warning', msg })
  process.on('exit', logger.writeLinesNow)
  const isDemo = isTrial(config) && isEmbedded(config)
  for (const { path, found, advice } of listWarnings(config))
    if (!isDemo || ['server.lan', 'server.publicUrl'].includes(path)) warn(`${path}: ${found}; ${advice}`)
  for (const { name, meant } of listIgnoredVariables()) warn(`${name}: not read; the name is ${meant}`)
  readTlsFiles(config.server.tls)
  const server = await openServer({ config, logger })
  const { host, port } = config.server
  const address = await server.http.listen({ host, port, backlog: longestBacklog })
  if (isDemo) await greetTrial(server, logger, address, config.server.lan)
  greet({ start: 'listening', msg: address })
  if (config.server.publicUrl === '') {
    // A database that is away for a moment ends no server that listens.
    const signing = await server.apps.findSigning().catch(() => undefined)
    for (const { path, found, advice } of listIssuerWarnings(config, signing))
      warn(`${path}: ${found}; ${advice}`)
  }
  server.loadRest().then(
    () => logger.debug('all packages are loaded'),
    (error) => logger.warn({ err: error }, 'a package could not be loaded'),
  )

  let isEnding = false
  const end = async (signal: string) => {
    if (isEnding) return
    isEnding = true
    logger.info({ signal }, 'draining')
    await drain(server, config)
    await Promise.race([logger.flushLines(), pass(flushMs)])
    process.exit(0)
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  process.on('SIGHUP', end)
}

const refuse = (error: unknown, config?: Config) => {
  process.stderr.write(`torii: ${explainStart(error, config)}\n`)
  process.exit(1)
}

/** The configuration, or the line that says what is wrong with it. */
const load = (options: Set<StartOption>) => {
  try {
    return loadConfig({ ...process.env, ...(options.has('--lan') && { TORII__SERVER__LAN: 'true' }) })
  } catch (error) {
    return refuse(error)
  }
}

const start = () => {
  const options = readStartOptions(process.argv.slice(2))
  if (typeof options === 'string') return refuse(new ConfigError(options))
  if (options.has('--help')) return process.stdout.write(startHelp)
  const config = load(options)
  if (config) main(config, options).catch((error) => refuse(error, config))
}

start()
