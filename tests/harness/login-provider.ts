/** A real OpenID Connect provider on this machine, with its own pages, and a person who clicks through them. */
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import { plant } from './planted.ts'
import type { Send } from './totp-client.ts'

export type Person = { sub: string; email?: string; email_verified?: boolean; name?: string }

export type LoginProvider = Awaited<ReturnType<typeof openLoginProvider>>

/** A login as NAME is of that person; `people` says more of some. */
export const openLoginProvider = async (
  t: { teardown(end: () => unknown): void },
  redirectUris: string[],
) => {
  const people = new Map<string, Person>()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = { clientId: 'torii', clientSecret: `secret-of-${issuer.slice(-5)}-kept` }
  plant(client.clientSecret)
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        redirect_uris: redirectUris,
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
      {
        client_id: 'torii-phone',
        redirect_uris: ['com.example.phone:/back'],
        response_types: ['id_token'],
        grant_types: ['implicit'],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      },
    ],
    responseTypes: ['code', 'id_token'],
    pkce: { required: () => false },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_context: unknown, id: string) => ({
      accountId: people.get(id)?.sub ?? id,
      claims: () => ({ sub: id, ...people.get(id) }),
    }),
    cookies: { keys: ['of a test'] },
    ttl: { Session: 600, Interaction: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
  })
  server.on('request', provider.callback() satisfies RequestListener)
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    issuer,
    people,
    /** For the setting `providers`. */
    row: { kind: 'oidc', issuer, scopes: ['openid', 'email', 'profile'], ...client },
  }
}

/** A browser without a window: its cookies, and links and forms that it follows. */
export const createWalker = () => {
  const cookies = new Map<string, string>()
  const visit = async (url: string, form?: Record<string, string>) => {
    const reply = await fetch(url, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { body: new URLSearchParams(form) }),
    })
    for (const cookie of reply.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const to = reply.headers.get('location')
    return { status: reply.status, body: await reply.text(), to: to ? new URL(to, url).href : undefined }
  }

  /** Logs in as a name, agrees or refuses, and returns the address to which the provider sends the browser back. */
  return async function logIn(url: string, name: string, { refuses = false } = {}): Promise<URL> {
    const own = new URL(url).origin
    let page = await visit(url)
    for (let steps = 0; steps < 20; steps++) {
      if (page.to !== undefined) {
        if (new URL(page.to).origin !== own) return new URL(page.to)
        page = await visit(page.to)
        continue
      }
      const action = /action="([^"]+)"/.exec(page.body)?.[1]
      const abort = /href="([^"]*abort)"/.exec(page.body)?.[1]
      if (!action) throw new Error(`a page without a form: ${page.status} ${page.body.slice(0, 500)}`)
      if (refuses && abort) page = await visit(new URL(abort, own).href)
      else {
        const isLogin = page.body.includes('name="password"')
        const prompt = isLogin ? { prompt: 'login', login: name, password: 'any' } : { prompt: 'consent' }
        page = await visit(new URL(action, own).href, prompt)
      }
    }
    throw new Error('the provider did not send the browser back')
  }
}

export const newVerifier = () => {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

export type OauthReply = {
  code: number
  isNew: boolean
  isJoined: boolean
  user: { userId: string; userName: string; nickName: string }
  tickets: { a2: string; skey: string }
}

type AppNeeds = {
  call(path: string, members: Record<string, unknown>): Promise<Record<string, unknown>>
  send: Send
  redirect: string
}

/** An app whose users come by a provider. */
export const createOauthApp = ({ call, send, redirect }: AppNeeds) => {
  const start = async (provider = 'acme') => {
    const { verifier, challenge } = newVerifier()
    const { flow, url } = await call('/v1/oauth/start', { provider, challenge, redirect })
    return { verifier, flow: String(flow), url: String(url) }
  }

  /** The page that a provider sends the browser to, and where that sends it. */
  const comeBack = async (to: URL) => {
    const reply = await send({ method: 'GET', url: to.pathname + to.search, headers: { host: 'localhost' } })
    const { location } = reply.headers
    return { ...reply, target: location ? new URL(String(location)) : undefined }
  }

  const codeOf = async (name: string, provider?: string) => {
    const begun = await start(provider)
    const { target } = await comeBack(await createWalker()(begun.url, name))
    return { verifier: begun.verifier, code: target?.searchParams.get('code') ?? '' }
  }

  return {
    start,
    comeBack,
    codeOf,
    logIn: async (name: string, provider?: string) =>
      (await call('/v1/oauth/finish', { finish: await codeOf(name, provider) })) as OauthReply,
  }
}
