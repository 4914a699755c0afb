import { sessionPlugin } from 'sojourn/vue'
import { createApp } from 'vue'
import { finishSignIn, session } from '../shared/session'
import '../shared/style.css'
import App from './App.vue'

await finishSignIn()

createApp(App).use(sessionPlugin, session).mount('#app')
