import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { SessionProvider } from 'sojourn/react'
import { session } from '../shared/session'
import { finishSignIn } from '../shared/sign-in'
import '../shared/style.css'
import { App } from './App'

const tokens = await finishSignIn()
if (tokens) await session.signIn(tokens)

createRoot(document.getElementById('app')!).render(
  <StrictMode>
    <SessionProvider session={session}>
      <App />
    </SessionProvider>
  </StrictMode>,
)
