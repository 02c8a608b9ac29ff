/** The packed SDK where there is no page: workers of Chromium, what React Native has, and a server that renders pages. */
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { build } from 'rolldown'
import t from 'tap'
import { build as buildByVite } from 'vite'
import { openEmbedded } from '../client/worlds.ts'
import { openBrowser } from '../harness/chromium.ts'
import { spawnServer } from '../harness/test-server.ts'
import { linkPackages, openPackedApp, root, run } from './packed-client.ts'
import { addPageApp } from './page-app.ts'
import { openFiles } from './static-files.ts'

t.setTimeout(300_000)

/** A whole round on a shared key; the last line is an expression, the promise of it. */
const round = `
const runRound = async (createClient, options, userName) => {
  const work = []
  const client = createClient({ ...options, minimumKdfCost: 4, onWork: (share) => work.push(share) })
  await client.exchangeKeys()
  await client.register({ userName, password: 'correct horse' })
  const { user } = await client.session()
  await client.logout()
  const ended = await client.session().catch((error) => error)
  return [user.userName, ended.name, work.length > 0].join()
}
`

/** Each kind of worker answers a message by a round. */
const worker = `import { createClient } from './client.min.js'
${round}
const answer = ({ data: [options, userName] }, port) =>
  runRound(createClient, options, userName).then((text) => port.postMessage(text), (error) => port.postMessage(String(error)))
globalThis.onconnect = ({ ports: [port] }) => (port.onmessage = (event) => answer(event, port))
globalThis.onmessage = (event) => answer(event, event.ports?.[0] ?? globalThis)
`

const page = `<!doctype html><title>worlds</title><script type="module">
const reply = (port) => new Promise((resolve) => (port.onmessage = ({ data }) => resolve(data)))
const starts = {
  Worker: async () => {
    const worker = new Worker('./worker.js', { type: 'module' })
    return { port: worker, post: (job) => worker.postMessage(job) }
  },
  SharedWorker: async () => {
    const { port } = new SharedWorker('./worker.js', { type: 'module' })
    return { port, post: (job) => port.postMessage(job) }
  },
  'service worker': async () => {
    await navigator.serviceWorker.register('./worker.js', { type: 'module' })
    const { active } = await navigator.serviceWorker.ready
    const { port1, port2 } = new MessageChannel()
    return { port: port1, post: (job) => active.postMessage(job, [port2]) }
  },
}
window.runIn = async (kind, job) => {
  const { port, post } = await starts[kind]()
  const answer = reply(port)
  post(job)
  return answer
}
</script>`

/** A page that solves the work of a captcha while its timer goes on. */
const solver = `import { createClient } from '@torii/client'
let workers = 0
window.Worker = class extends Worker {
  constructor(...all) {
    super(...all)
    workers += /work-worker/.test(all[0]) ? 1 : 0
  }
}
window.solve = async (options) => {
  const shares = []
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  const client = createClient({ ...options, onWork: (share) => shares.push(share) })
  await client.captcha({ purpose: 'register' })
  clearInterval(timer)
  return { shares, ticks, workers }
}`

/** All that React Native has of what the SDK may need; \`crypto\` as react-native-get-random-values leaves it. */
const reactNative = () => ({
  ...{ fetch, AbortController, TextEncoder, TextDecoder, console, setTimeout, clearTimeout, queueMicrotask },
  crypto: { getRandomValues: (array: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(array) },
  navigator: { product: 'ReactNative' },
})

type Windows = {
  runIn?: (kind: string, job: unknown) => Promise<string>
  solve?: (options: unknown) => Promise<{ shares: number[]; ticks: number; workers: number }>
}

t.test('the packed SDK without a page', async (t) => {
  const { app, installed } = await openPackedApp(t)
  const world = await openEmbedded({
    TORII__PASSWORD__COST: '4',
    TORII__CAPTCHA__MODE: 'always',
    TORII__CAPTCHA__WORK__MOST: '20000',
  })
  const server = await spawnServer(world.environment)
  t.teardown(async () => {
    await server.stop()
    await world.close()
  })
  const addPage = (origin: string) => addPageApp(world, server.url, origin)

  t.test('in Chromium', async (t) => {
    const browser = await openBrowser()
    t.teardown(() => browser.close())
    const files = { 'worker.js': worker, 'worlds.html': page, 'solver.js': solver }
    for (const [name, text] of Object.entries(files)) await writeFile(join(app, name), text)
    await copyFile(join(installed, 'client.min.js'), join(app, 'client.min.js'))

    t.test('a round in each kind of worker', async (t) => {
      const origin = await openFiles(t, app)
      const options = await addPage(origin)
      const tab = await browser.newPage()
      await tab.goto(`${origin}/worlds.html`)
      for (const kind of ['Worker', 'SharedWorker', 'service worker']) {
        const userName = `user in a ${kind}`
        const job = [kind, [options, userName]] as const
        const answer = await tab.evaluate(([kind, job]) => (window as Windows).runIn?.(kind, job), job)
        t.equal(answer, `${userName},NOT_LOGGED_IN,true`)
      }
    })

    t.test('the work of a captcha runs in a Worker, and tells how far it is', async (t) => {
      await writeFile(join(app, 'index.html'), '<script type="module" src="/solver.js"></script>')
      await buildByVite({ root: app, logLevel: 'error' })
      const origin = await openFiles(t, join(app, 'dist'))
      const options = await addPage(origin)
      const tab = await browser.newPage()
      await tab.goto(`${origin}/index.html`)
      await tab.waitForFunction(() => (window as Windows).solve !== undefined)
      const solved = await tab.evaluate((options) => (window as Windows).solve?.(options), options)
      const { shares = [], ticks, workers } = solved ?? {}
      t.equal(workers, 1, 'the worker of the bundle')
      t.equal(shares.at(-1), 1, 'done')
      t.same(
        shares,
        [...shares].sort((one, other) => one - other),
        'the share only grows',
      )
      t.ok(ticks, 'the timer of the page goes on')
    })
  })

  t.test('with what React Native has, and no more', async (t) => {
    await writeFile(join(app, 'native.js'), "export { createClient } from '@torii/client'\n")
    await build({
      input: join(app, 'native.js'),
      platform: 'neutral',
      resolve: { conditionNames: ['react-native', 'import', 'default'] },
      output: { file: join(app, 'native.cjs'), format: 'iife', name: 'torii', codeSplitting: false },
    })
    const native = createContext(reactNative())
    const bundle = await readFile(join(app, 'native.cjs'), 'utf8')
    t.notMatch(bundle, 'import.meta', 'Hermes cannot parse that')
    runInContext(bundle, native)
    const { appId, appSecret } = world.app
    const job = JSON.stringify({ url: server.url, appId, appSecret })
    t.equal(
      await runInContext(`${round} runRound(torii.createClient, ${job}, 'user of a phone')`, native),
      'user of a phone,NOT_LOGGED_IN,true',
    )
  })

  t.test('on a server that renders a page, where there is no window', async (t) => {
    await linkPackages(app, ['react', 'react-dom'])
    await copyFile(join(root, 'docs', 'examples', 'react', 'src', 'use-torii.ts'), join(app, 'use-torii.ts'))
    await writeFile(
      join(app, 'render.js'),
      `import { createBrowserStorage, createClient } from '@torii/client'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { useTorii } from './use-torii.ts'
const client = createClient({ url: 'https://login.example.com', appId: 'a', storage: createBrowserStorage() })
const Page = () => createElement('p', null, useTorii(client).status)
console.log(typeof window, renderToString(createElement(Page)))
`,
    )
    await buildByVite({ root: app, logLevel: 'error', build: { ssr: 'render.js', outDir: 'server' } })
    const { stdout } = await run(process.execPath, [join(app, 'server', 'render.js')])
    t.equal(stdout.trim(), 'undefined <p>asking</p>')
  })
})
