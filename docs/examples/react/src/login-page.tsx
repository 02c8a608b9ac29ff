// React: a page that logs in, by the hook of use-torii.ts. Set it up as docs/examples/vite/src/main.ts says, with the
// template react-ts.
import { createBrowserStorage, createClient } from '@torii/client'
import { type FormEvent, StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { useTorii } from './use-torii.ts'

const { VITE_TORII_URL: url, VITE_TORII_APPID: appId } = import.meta.env
const client = createClient({ url, appId, storage: createBrowserStorage() })

const LoginPage = () => {
  const { status, user, problem, login, register, logout } = useTorii(client)
  const text = { asking: '…', loggedOut: 'Not logged in', loggedIn: `Hello ${user?.userName}` }[status]

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget)
    const [userName, password] = [String(fields.get('userName')), String(fields.get('password'))]
    const { value } = (event.nativeEvent as SubmitEvent).submitter as HTMLButtonElement
    if (value === 'login') login({ login: userName, password })
    if (value === 'register') register({ userName, password })
    if (value === 'logout') logout()
  }

  return (
    <form onSubmit={submit}>
      <input name="userName" placeholder="user name" autoComplete="username" />
      <input name="password" type="password" placeholder="password" autoComplete="current-password" />
      <button type="submit" value="login">
        Log in
      </button>
      <button type="submit" value="register">
        Register
      </button>
      <button type="submit" value="logout">
        Log out
      </button>
      <output>{problem || text}</output>
    </form>
  )
}

const place = document.getElementById('app')
if (place)
  createRoot(place).render(
    <StrictMode>
      <LoginPage />
    </StrictMode>,
  )
