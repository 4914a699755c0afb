import { mount } from 'svelte'
import { finishSignIn } from '../shared/session'
import '../shared/style.css'
import App from './App.svelte'

await finishSignIn()

mount(App, { target: document.getElementById('app')! })
