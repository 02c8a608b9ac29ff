// React: `useTorii(client)` gives the user as state, and the verbs that change it. login-page.tsx uses it.
import { type Client, type Credentials, isFailure, type Registration, type User } from '@torii/client'
import { useCallback, useEffect, useState } from 'react'

/** `asking` until the server has said whether there is a login. */
type Login = { status: 'asking' | 'loggedOut' | 'loggedIn'; user?: User }

/** `client` is made once, outside of components. */
export const useTorii = (client: Client) => {
  const [state, setState] = useState<Login>({ status: 'asking' })
  const [problem, setProblem] = useState('')

  const follow = useCallback(
    async (work: () => Promise<unknown>) => {
      setProblem('')
      try {
        await work()
        const { user } = await client.session()
        setState({ status: 'loggedIn', user })
      } catch (error) {
        // Without an answer the login may well be good: leave what is shown.
        if (isFailure(error, 'NOT_LOGGED_IN')) setState({ status: 'loggedOut' })
        else setProblem(error instanceof Error ? error.message : String(error))
      }
    },
    [client],
  )

  useEffect(() => {
    follow(async () => {})
  }, [follow])

  return {
    ...state,
    problem,
    login: (credentials: Credentials) => follow(() => client.login(credentials)),
    register: (registration: Registration) => follow(() => client.register(registration)),
    logout: () => follow(() => client.logout()),
  }
}
