import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { SessionProvider } from 'sojourn/react'
import { finishSignIn, session } from '../shared/session'
import '../shared/style.css'
import { App } from './App'

await finishSignIn()

createRoot(document.getElementById('app')!).render(
  <StrictMode>
    <SessionProvider session={session}>
      <App />
    </SessionProvider>
  </StrictMode>,
)
