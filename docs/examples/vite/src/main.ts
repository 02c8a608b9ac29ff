// Vite and TypeScript: registers, logs in, stays logged in over a reload, and logs out.
//
//   npm create vite@latest my-app -- --template vanilla-ts
//   cp -r docs/examples/vite/. my-app                          # index.html and src/main.ts
//   npm run torii -- app add "My app" --public --origin http://localhost:5173
//   cd my-app && npm install …/torii-client-0.1.0.tgz          # docs/features/client.md makes it
//   VITE_TORII_URL=http://127.0.0.1:8080 VITE_TORII_APPID=… npx vite --strictPort
import { createBrowserStorage, createClient, isFailure } from '@torii/client'

const { VITE_TORII_URL: url, VITE_TORII_APPID: appId } = import.meta.env
const client = createClient({ url, appId, storage: createBrowserStorage() })

const show = (text: string) => {
  const place = document.querySelector('[role=status]')
  if (place) place.textContent = text
}

const showUser = async () => show(`Hello ${(await client.session()).user.userName}`)

/** A failure has a text for people, in the language of the browser. */
const run = async (work: () => Promise<unknown>) => {
  try {
    await work()
    await showUser()
  } catch (error) {
    if (isFailure(error, 'NOT_LOGGED_IN')) show('Not logged in')
    else show(error instanceof Error ? error.message : 'Something went wrong')
  }
}

type Fields = { userName: string; password: string }

const verbs: Record<string, (fields: Fields) => Promise<unknown>> = {
  login: ({ userName, password }) => client.login({ login: userName, password }),
  register: (fields) => client.register(fields),
  logout: () => client.logout(),
}

const form = document.querySelector('form')
form?.addEventListener('submit', (event) => {
  event.preventDefault()
  show('…')
  const fields = new FormData(form)
  const text = (name: string) => String(fields.get(name))
  const verb = verbs[(event.submitter as HTMLButtonElement).value]
  run(async () => verb?.({ userName: text('userName'), password: text('password') }))
})

run(async () => {})
