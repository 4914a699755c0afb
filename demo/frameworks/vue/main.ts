import { sessionPlugin } from 'sojourn/vue'
import { createApp } from 'vue'
import { session } from '../shared/session'
import { finishSignIn } from '../shared/sign-in'
import '../shared/style.css'
import App from './App.vue'

const tokens = await finishSignIn()
if (tokens) await session.signIn(tokens)

createApp(App).use(sessionPlugin, session).mount('#app')
