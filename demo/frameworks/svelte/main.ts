import { mount } from 'svelte'
import { session } from '../shared/session'
import { finishSignIn } from '../shared/sign-in'
import '../shared/style.css'
import App from './App.svelte'

const tokens = await finishSignIn()
if (tokens) await session.signIn(tokens)

mount(App, { target: document.getElementById('app')! })
