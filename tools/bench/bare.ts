/** What everything is compared with: Fastify as it comes, one route, nothing behind it. */
import { fastify } from 'fastify'

const app = fastify()
app.post('/bare', async () => ({ code: 1_000_000, msg: 'ok', timestamp: Math.floor(Date.now() / 1_000) }))
await app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
process.on('SIGTERM', () => process.exit(0))
