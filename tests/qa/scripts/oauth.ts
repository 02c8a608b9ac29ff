import { createServer } from 'node:http'
import { createClient } from '../../../src/client/index.ts'
import { fail, printStep, save } from '../core.ts'
import type { Options } from '../script.ts'

export const help =
  'lists the login providers; with a name, logs in by the page of that one, and saves the login'
export const needs = ['url', 'app', 'secret'] as const
export const texts = '[PROVIDER [PORT]]'

const waitMs = 600_000

/** The target of the app, on this machine: the query that a browser brings. */
const openTarget = async (port: number) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const came = new Promise<URLSearchParams>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no browser came back within ten minutes')), waitMs)
    server.on('request', ({ url = '' }, response) => {
      const { searchParams } = new URL(url, 'http://127.0.0.1')
      response.end('Back to the terminal.')
      if (!searchParams.has('flow')) return
      clearTimeout(timer)
      resolve(searchParams)
    })
  })
  return {
    came: came.finally(() => {
      server.close()
      server.closeAllConnections()
    }),
  }
}

export const run = async ({ url, app, secret, out, texts: [provider, port = '8799'] }: Options) => {
  const client = createClient({ url, appId: app, appSecret: secret, language: 'en', transport: 'json' })
  if (provider === undefined) {
    const providers = await client.oauthProviders()
    for (const { provider: name, title, kind } of providers)
      printStep('provider', `${name}, ${title}, ${kind}`)
    printStep('done', `${providers.length} providers`)
    return
  }
  const redirect = `http://127.0.0.1:${port}/`
  printStep('target', `${redirect}: torii app set ${app} --redirect ${redirect}`)
  const started = await client.startOAuth({ provider, redirect })
  const { came } = await openTarget(Number(port))
  printStep('open', started.url ?? '')
  const query = await came
  const code = query.get('code') ?? fail(`the provider said ${query.get('error')}`)
  const { user, tickets, isNew } = await client.finishOAuth({ code, verifier: started.verifier })
  printStep('user', JSON.stringify({ ...user, isNew }))
  await save(out || 'data/qa/login.json', { user, tickets })
}
